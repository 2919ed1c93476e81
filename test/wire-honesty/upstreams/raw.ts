import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { chunked } from '../../support/client.ts';
import { type Script, startUpstream, type UpstreamCall } from '../../support/upstream.ts';
import { pause } from '../../support/wait.ts';
import type { Family } from '../families.ts';
import { answerText, errorAnswer, escaped, long, PAUSE_MS, pieces } from './answers.ts';
import type { Program } from './program.ts';

/** The answer to a call with these documents, in whatever API. */
type Write = (spell?: (text: string) => string) => Buffer;
type Answer = (call: UpstreamCall, bodyOf: Write, texts: readonly string[]) => Promise<void>;

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
  return (call, bodyOf) => call.write(withLength(encode(bodyOf()), `Content-Encoding: ${coding}`));
}

const TE = 'Transfer-Encoding: chunked';

const ANSWERS: Readonly<Record<string, Answer>> = {
  'length-one-write': (call, bodyOf) => call.write(withLength(bodyOf())),
  'length-many-writes': (call, bodyOf) => writeAll(call, pieces(withLength(bodyOf()), 7)),
  chunked: (call, bodyOf) => call.write(Buffer.concat([head([TE]), chunked(bodyOf(), 150)])),
  'chunked-small': (call, bodyOf) =>
    writeAll(call, pieces(Buffer.concat([head([TE]), chunked(bodyOf(), 1)]), 6)),
  gzip: encoded('gzip', gzipSync),
  deflate: encoded('deflate', deflateSync),
  br: encoded('br', brotliCompressSync),
  zstd: encoded('zstd', zstdCompressSync),
  async pause(call, bodyOf) {
    const bytes = withLength(bodyOf());
    const at = bytes.indexOf('@');
    await call.write(bytes.subarray(0, at));
    await pause(PAUSE_MS);
    await call.write(bytes.subarray(at));
  },
  escapes: (call, bodyOf) => call.write(withLength(bodyOf(escaped))),
  large: (call, bodyOf) => call.write(withLength(bodyOf(long))),
  trailers: (call, bodyOf, texts) => {
    const body = chunked(bodyOf()).toString('latin1');
    return call.write(
      Buffer.concat([
        head([TE, 'Trailer: X-Note']),
        Buffer.from(`${body.slice(0, -2)}X-Note: ${texts[0]}\r\n\r\n`, 'latin1'),
      ]),
    );
  },
  async 'close-delimited'(call, bodyOf) {
    await call.write(Buffer.concat([head([]), bodyOf()]));
    call.end();
  },
  async 'truncated-length'(call, bodyOf) {
    const body = bodyOf();
    await call.write(Buffer.concat([head([`Content-Length: ${body.length + 10}`]), body]));
    call.end();
  },
  async 'truncated-chunked'(call, bodyOf) {
    await call.write(Buffer.concat([head([TE]), chunked(bodyOf()).subarray(0, -5)]));
    call.end();
  },
};

type Api = Pick<Family, 'read' | 'answer'>;
const TEI: Api = {
  read(body) {
    const { query, texts } = JSON.parse(body);
    return [query, texts];
  },
  answer: (documents) => answerText(documents, (text) => text),
};

function scriptOf({ read, answer }: Api): Script {
  return async (call) => {
    const [query, texts] = read(call.body.toString('utf8'));
    const name = query.replace('case ', '');
    const bodyOf: Write = (spell = JSON.stringify) => Buffer.from(answer(texts.map(spell)));
    const failed = errorAnswer(name, texts);
    if (failed === undefined) {
      await ANSWERS[name]?.(call, bodyOf, texts);
      return;
    }
    const body = Buffer.from(failed.text);
    const fields = [`Content-Length: ${body.length}`];
    await call.write(Buffer.concat([head(fields, `${failed.status} Failed`, failed.type), body]));
  };
}

/** Exact bytes from a raw socket; TEI's, unless another API is named. */
export function startRaw(api = TEI): Promise<Program> {
  return startUpstream(scriptOf(api));
}
