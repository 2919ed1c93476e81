import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { codeOf } from '@rankguard/contract';
import { createJsonReader, type JsonDocument, type JsonReader, Kind } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import {
  createStreamMasker,
  type Masker,
  type MaskNote,
  maskBody,
  STREAM_KINDS,
  type StreamKind,
} from '@rankguard/sidecar/masking';
import { Exit } from '../io.ts';
import { createEngine, type Engine } from './engine.ts';
import { readProfile } from './profile.ts';

/** Why a case has no output. */
class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Masks cases, one JSON object a line: `id`; one of `input` (a JSON value), `raw` (a body's text), `frames` (chunks
 * of a stream, `b64:…` for bytes); optionally `stream` and `profile`. Each line yields one: `id`, `output` and
 * `findings`, or `id` and `error`.
 */
export async function maskBatch(
  input: Readable,
  write: (line: string) => void,
  defaultProfile: string | undefined,
): Promise<void> {
  const engines = new Map<string | undefined, Promise<Engine>>();
  const reader = createJsonReader({ kernel: createKernel() });
  const engineOf = (profile: string | undefined): Promise<Engine> => {
    const known = engines.get(profile) ?? readProfile(profile).then(createEngine);
    engines.set(profile, known);
    return known;
  };
  // A profile that cannot be used is one mistake, not one in each line.
  await engineOf(defaultProfile);
  for await (const line of linesOf(input)) {
    if (line.toString().trim() !== '')
      write(`${await maskLine(line, reader, (profile) => engineOf(profile ?? defaultProfile))}\n`);
  }
}

const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** Lines as JSON Lines has them: U+2028 and its like, at which `node:readline` ends a line, may stand in a string. */
async function* linesOf(input: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let first = true;
  const line = () => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    const marked = first && bytes.indexOf(BYTE_ORDER_MARK) === 0;
    first = false;
    return marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
  };
  for await (const chunk of input) {
    let rest = Buffer.from(chunk as Buffer | string);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      pieces.push(rest.subarray(0, end));
      yield line();
      rest = rest.subarray(end + 1);
    }
    pieces.push(rest);
  }
  yield line();
}

async function maskLine(
  line: Buffer,
  reader: JsonReader,
  engineOf: (profile: string | undefined) => Promise<Engine>,
): Promise<string> {
  let id = 'null';
  try {
    const one = readCase(line, reader);
    id = one.id;
    if (one.problem !== null) throw one.problem;
    const engine = await engineOf(one.profile);
    engine.taken();
    const output = outputOf(one, engine);
    return `{"id": ${id}, "output": ${output}, "findings": ${JSON.stringify(engine.taken().map(findingOf))}}`;
  } catch (error) {
    const { masker } = await engineOf(undefined);
    return `{"id": ${id}, "error": ${JSON.stringify(errorOf(error, masker))}}`;
  }
}

interface Case {
  /** JSON text. */
  readonly id: string;
  readonly problem: Refused | null;
  /** JSON text of the value. */
  readonly input: string | null;
  readonly raw: string | null;
  readonly frames: readonly string[] | null;
  readonly stream: StreamKind | null;
  readonly profile: string | undefined;
}

const NO_CASE: Case = {
  id: 'null',
  problem: null,
  input: null,
  raw: null,
  frames: null,
  stream: null,
  profile: undefined,
};

function readCase(line: Buffer, reader: JsonReader): Case {
  const read = reader.read(line);
  if (read.ok) {
    const { document } = read;
    const one = caseOf(document.value(0), textOf(document, 'input'));
    return checked({ ...one, id: textOf(document, 'id') ?? one.id });
  }
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch {
    return { ...NO_CASE, problem: new Refused(read.code, `the line: ${read.message}`) };
  }
  const one = caseOf(value, null);
  // Chunks may be cut inside a pair of surrogates; anything else that is ambiguous is refused.
  if (one.frames !== null && read.code === 'BODY_NOT_UTF8' && isUtf8(line)) return checked(one);
  return { ...one, problem: one.problem ?? new Refused(read.code, `the line: ${read.message}`) };
}

/** The text of a member's value, as it stands. */
function textOf(document: JsonDocument, name: 'id' | 'input'): string | null {
  if (document.kind(0) !== Kind.Object) return null;
  const token = document.get(0, name);
  return token === -1 ? null : document.raw(token);
}

function caseOf(value: unknown, input: string | null): Case {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ...NO_CASE, problem: new Refused('BODY_SHAPE', 'a line must be a JSON object') };
  }
  const { id = null, raw, frames, stream, profile } = value as Record<string, unknown>;
  const base = { ...NO_CASE, id: JSON.stringify(id), input };
  const wrong = (message: string): Case => ({ ...base, problem: new Refused('BODY_SHAPE', message) });
  if (raw !== undefined && typeof raw !== 'string') return wrong('`raw` must be a string');
  if (profile !== undefined && profile !== null && typeof profile !== 'string')
    return wrong('`profile` must be a file');
  if (frames !== undefined && !isTexts(frames)) return wrong('`frames` must be an array of strings');
  const kind = STREAM_KINDS.find((one) => one === stream) ?? null;
  if (stream !== undefined && stream !== null && kind === null) {
    return wrong(`\`stream\` must be one of ${STREAM_KINDS.join(', ')}`);
  }
  return { ...base, raw: raw ?? null, frames: frames ?? null, stream: kind, profile: profile ?? undefined };
}

function checked(one: Case): Case {
  const given = [one.input, one.raw, one.frames].filter((part) => part !== null).length;
  if (one.problem !== null || given === 1) return one;
  return { ...one, problem: new Refused('BODY_SHAPE', 'a line needs one of `input`, `raw` and `frames`') };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** JSON text of what comes out. */
function outputOf({ input, raw, frames, stream }: Case, engine: Engine): string {
  if (frames !== null) return stringOf(maskFrames(frames, stream, engine));
  if (raw !== null && stream !== null) return stringOf(maskFrames([raw], stream, engine));
  const options = { masker: engine.masker, createReader: engine.createReader };
  if (raw !== null) return stringOf(maskBody(Buffer.from(raw), options).body.toString());
  const contentType = 'application/json';
  return maskBody(Buffer.from(input ?? 'null'), { ...options, contentType }).body.toString();
}

/** A JSON string in which nothing can be taken for the end of a line. */
function stringOf(text: string): string {
  const spelled = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[\u0085\u2028\u2029]/g, spelled);
}

function maskFrames(frames: readonly string[], kind: StreamKind | null, engine: Engine): string {
  const note = (
    finding: Parameters<NonNullable<Parameters<typeof createStreamMasker>[0]['note']>>[0],
    path: string,
  ) => engine.add({ ...finding, path });
  const stream = createStreamMasker({ masker: engine.masker, createReader: engine.createReader, kind, note });
  const pieces: Buffer[] = [];
  let half = '';
  for (const frame of frames) {
    if (frame.startsWith('b64:')) {
      pieces.push(stream.push(bytesOf(frame.slice(4))));
      continue;
    }
    const text = half + frame;
    half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    pieces.push(stream.push(Buffer.from(text.slice(0, text.length - half.length))));
  }
  pieces.push(stream.end());
  return Buffer.concat(pieces).toString();
}

/** Node skips what is no base64: bytes that are missing would join what stood apart. */
function bytesOf(text: string): Buffer {
  const padded = /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
  if (!padded) throw new Refused('BODY_SHAPE', 'a frame of `b64:` is not base64');
  return Buffer.from(text, 'base64');
}

/** A finding as it is shown: what, where, why, how sure; never the value. */
export function findingOf({
  label,
  path,
  start,
  end,
  score,
  reason,
  strategy,
}: MaskNote): Record<string, unknown> {
  return { entity: label, path, start, end, score, why: reason, with: strategy };
}

/** Messages name files as the line does, which may say anything. */
function errorOf(error: unknown, masker: Masker): { code: string; message: string } {
  if (error instanceof Refused) return { code: error.code, message: error.message };
  if (error instanceof Exit) {
    return { code: 'CONFIG_INVALID', message: masker.string(error.message) };
  }
  const code = codeOf(error);
  if (code === undefined) return { code: 'INTERNAL', message: 'the masking engine failed' };
  return { code, message: masker.string((error as Error).message) };
}
