import type { IncomingMessage } from 'node:http';

/** An answer, complete before its first byte is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A JSON answer. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

/** A plain text answer; without text, an answer without a body. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  if (body === '') return { status, headers: { 'content-length': '0', ...headers }, body };
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
}

/** The request's body, or undefined when it is larger than `limit` bytes. Rejects when the client goes away. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Reading on keeps the connection usable: the client sees the answer, not a reset.
    if (size <= limit) chunks.push(chunk);
  }
  return size > limit ? undefined : Buffer.concat(chunks, size);
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isStrings(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** A member that is absent, null or a string: `undefined` means that it is something else. */
export function optional<T extends Json>(
  value: Json | undefined,
  is: (value: Json) => value is T,
): T | null | undefined {
  if (value === undefined || value === null) return null;
  return is(value) ? value : undefined;
}

export const isString = (value: Json): value is string => typeof value === 'string';
export const isBoolean = (value: Json): value is boolean => typeof value === 'boolean';
export const isCount = (value: Json): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0;
