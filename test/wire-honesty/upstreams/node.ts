import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { pause } from '../../support/wait.ts';
import { answerText, errorAnswer, escaped, long, PAUSE_MS, pieces } from './answers.ts';
import type { Program } from './program.ts';

type Answer = (response: ServerResponse, texts: readonly string[]) => Promise<void> | void;

const JSON_TYPE = { 'Content-Type': 'application/json' };
const bodyOf = (texts: readonly string[]) => Buffer.from(answerText(texts));

/** Returns when the bytes were handed to the kernel, so that each write is one of its own on the wire. */
function write(response: ServerResponse, bytes: Buffer | string): Promise<void> {
  return new Promise((resolve) => void response.write(bytes, () => resolve()));
}

async function writeAll(response: ServerResponse, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) await write(response, part);
  response.end();
}

function encoded(coding: string, encode: (body: Buffer) => Buffer): Answer {
  return (response, texts) => {
    response.writeHead(200, { ...JSON_TYPE, 'Content-Encoding': coding }).end(encode(bodyOf(texts)));
  };
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  'length-one-write': (response, texts) => {
    const body = bodyOf(texts);
    response.writeHead(200, { ...JSON_TYPE, 'Content-Length': body.length }).end(body);
  },
  'length-many-writes': (response, texts) => {
    const body = bodyOf(texts);
    response.writeHead(200, { ...JSON_TYPE, 'Content-Length': body.length });
    return writeAll(response, pieces(body, 7));
  },
  chunked: (response, texts) => writeAll(response.writeHead(200, JSON_TYPE), pieces(bodyOf(texts), 150)),
  'chunked-small': (response, texts) =>
    writeAll(response.writeHead(200, JSON_TYPE), pieces(bodyOf(texts), 1)),
  gzip: encoded('gzip', gzipSync),
  deflate: encoded('deflate', deflateSync),
  br: encoded('br', brotliCompressSync),
  zstd: encoded('zstd', zstdCompressSync),
  async pause(response, texts) {
    const body = bodyOf(texts);
    const at = body.indexOf('@');
    await write(response.writeHead(200, JSON_TYPE), body.subarray(0, at));
    await pause(PAUSE_MS);
    response.end(body.subarray(at));
  },
  escapes: (response, texts) => void response.writeHead(200, JSON_TYPE).end(answerText(texts, escaped)),
  large: (response, texts) => void response.writeHead(200, JSON_TYPE).end(answerText(texts, long)),
  async trailers(response, texts) {
    response.writeHead(200, { ...JSON_TYPE, Trailer: 'X-Note' });
    await write(response, bodyOf(texts));
    response.addTrailers({ 'X-Note': texts[0] ?? '' });
    response.end();
  },
  'close-delimited': (response, texts) => {
    response.removeHeader('Transfer-Encoding');
    response.removeHeader('Content-Length');
    response.writeHead(200, { ...JSON_TYPE, Connection: 'close' });
    return writeAll(response, [bodyOf(texts)]);
  },
  async 'truncated-length'(response, texts) {
    const body = bodyOf(texts);
    await write(response.writeHead(200, { ...JSON_TYPE, 'Content-Length': body.length + 10 }), body);
    response.socket?.end();
  },
  async 'truncated-chunked'(response, texts) {
    await write(response.writeHead(200, JSON_TYPE), bodyOf(texts));
    response.socket?.end();
  },
};

/** Stock node:http, in this process. */
export async function startNode(): Promise<Program> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { query, texts } = JSON.parse(Buffer.concat(parts).toString('utf8'));
    const name = String(query).replace('case ', '');
    const failed = errorAnswer(name, texts);
    if (failed !== undefined) {
      response.writeHead(failed.status, { 'Content-Type': failed.type }).end(failed.text);
      return;
    }
    const answer = ANSWERS[name];
    if (answer === undefined) response.writeHead(501).end();
    else await answer(response, texts);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
