import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { chunked } from '../../support/client.ts';
import { type Script, startUpstream, type UpstreamCall } from '../../support/upstream.ts';
import { pause } from '../../support/wait.ts';
import { answerText, errorAnswer, escaped, long, PAUSE_MS, pieces } from './answers.ts';
import type { Program } from './program.ts';

type Answer = (call: UpstreamCall, texts: readonly string[]) => Promise<void>;

const bodyOf = (texts: readonly string[]) => Buffer.from(answerText(texts));

function head(fields: readonly string[], status = '200 OK', type = 'application/json'): Buffer {
  const lines = [`HTTP/1.1 ${status}`, `Content-Type: ${type}`, ...fields];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}
const withLength = (body: Buffer, ...fields: string[]) =>
  Buffer.concat([head([`Content-Length: ${body.length}`, ...fields]), body]);

/** Every call is one packet: Nagle is off, and each write waits for the one before. */
async function writeAll(call: UpstreamCall, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) await call.write(part);
}

function encoded(coding: string, encode: (body: Buffer) => Buffer): Answer {
  return (call, texts) => call.write(withLength(encode(bodyOf(texts)), `Content-Encoding: ${coding}`));
}

const TE = 'Transfer-Encoding: chunked';

const ANSWERS: Readonly<Record<string, Answer>> = {
  'length-one-write': (call, texts) => call.write(withLength(bodyOf(texts))),
  'length-many-writes': (call, texts) => writeAll(call, pieces(withLength(bodyOf(texts)), 7)),
  chunked: (call, texts) => call.write(Buffer.concat([head([TE]), chunked(bodyOf(texts), 150)])),
  'chunked-small': (call, texts) =>
    writeAll(call, pieces(Buffer.concat([head([TE]), chunked(bodyOf(texts), 1)]), 6)),
  gzip: encoded('gzip', gzipSync),
  deflate: encoded('deflate', deflateSync),
  br: encoded('br', brotliCompressSync),
  zstd: encoded('zstd', zstdCompressSync),
  async pause(call, texts) {
    const bytes = withLength(bodyOf(texts));
    const at = bytes.indexOf('@');
    await call.write(bytes.subarray(0, at));
    await pause(PAUSE_MS);
    await call.write(bytes.subarray(at));
  },
  escapes: (call, texts) => call.write(withLength(Buffer.from(answerText(texts, escaped)))),
  large: (call, texts) => call.write(withLength(Buffer.from(answerText(texts, long)))),
  trailers: (call, texts) => {
    const body = chunked(bodyOf(texts)).toString('latin1');
    return call.write(
      Buffer.concat([
        head([TE, 'Trailer: X-Note']),
        Buffer.from(`${body.slice(0, -2)}X-Note: ${texts[0]}\r\n\r\n`, 'latin1'),
      ]),
    );
  },
  async 'close-delimited'(call, texts) {
    await call.write(Buffer.concat([head([]), bodyOf(texts)]));
    call.end();
  },
  async 'truncated-length'(call, texts) {
    const body = bodyOf(texts);
    await call.write(Buffer.concat([head([`Content-Length: ${body.length + 10}`]), body]));
    call.end();
  },
  async 'truncated-chunked'(call, texts) {
    await call.write(Buffer.concat([head([TE]), chunked(bodyOf(texts)).subarray(0, -5)]));
    call.end();
  },
};

const script: Script = async (call) => {
  const { query, texts } = JSON.parse(call.body.toString('utf8'));
  const name = String(query).replace('case ', '');
  const failed = errorAnswer(name, texts);
  if (failed === undefined) {
    await ANSWERS[name]?.(call, texts);
    return;
  }
  const body = Buffer.from(failed.text);
  const fields = [`Content-Length: ${body.length}`];
  await call.write(Buffer.concat([head(fields, `${failed.status} Failed`, failed.type), body]));
};

/** Exact bytes from a raw socket. */
export function startRaw(): Promise<Program> {
  return startUpstream(script);
}
