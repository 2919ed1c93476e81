import { REASONS, type ReasonCode } from '../reasons/index.ts';
import type { PodIdentity } from './messages.ts';
import type { ConnectionKey } from './routes.ts';

/** Longest name that Kubernetes gives anything (RFC 1123 subdomain). */
const MOST_NAME = 253;

/** Reads a parsed value; undefined when it is not one. Members that are not known are left out. */
export type Read<T> = (value: unknown) => T | undefined;

export const readConnection: Read<ConnectionKey> = (value) => {
  const namespace = text(member(value, 'namespace'), MOST_NAME);
  const name = text(member(value, 'name'), MOST_NAME);
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
};

export const readPod: Read<PodIdentity> = (value) => {
  const place = readConnection(value);
  const uid = text(member(value, 'uid'), MOST_NAME);
  return place && (uid === undefined ? undefined : { ...place, uid });
};

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Of 1 to `most` characters. */
export function text(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= most ? value : undefined;
}

/** An integer from 0 to `most`. */
export function count(value: unknown, most: number): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most
    ? Number(value)
    : undefined;
}

export function bool(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

export function reason(value: unknown): ReasonCode | undefined {
  return typeof value === 'string' && Object.hasOwn(REASONS, value) ? (value as ReasonCode) : undefined;
}

/** At most `most` items, each of which can be read. */
export function list<T>(value: unknown, most: number, read: Read<T>): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = value.map(read);
  return items.includes(undefined) ? undefined : (items as T[]);
}
