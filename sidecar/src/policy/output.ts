import { CodedError, STRATEGIES, type Strategy } from '@rankguard/contract';

/** The one entrypoint of every module: an object of what the policy says, made by the compiler. */
export const ENTRYPOINT = 'rankguard/main/result';

export interface Denial {
  readonly code: string;
  readonly message: string;
}
export interface Mask {
  readonly path: string;
  readonly with: Strategy;
}
export interface Drop {
  readonly index: number;
  readonly reason: string;
}
export interface Limit {
  readonly documents: number;
  readonly truncate: boolean;
}

/** What one policy says about one call; lists are in an order that depends on nothing but their content. */
export interface PolicyOutput {
  readonly allow: boolean;
  readonly deny: readonly Denial[];
  readonly mask: readonly Mask[];
  readonly drop: readonly Drop[];
  readonly limit: readonly Limit[];
}

const CODE = /^[A-Z][A-Z0-9_]*$/;
const MEMBERS = ['allow', 'deny', 'hold', 'mask', 'drop', 'rank', 'limit'];

/** Reads a module's result strictly. Throws POLICY_FAULT, with the place, for anything that is not understood. */
export function parseOutput(value: unknown): PolicyOutput {
  const output = members(value, 'the result', MEMBERS);
  for (const verb of ['hold', 'rank']) {
    if (list(output, verb).length > 0) throw malformed(`${verb} is not supported by this version`);
  }
  return {
    allow: output['allow'] === undefined ? false : boolean(output['allow'], 'allow'),
    deny: list(output, 'deny')
      .map(denial)
      .toSorted(by(({ code, message }) => `${code} ${message}`)),
    mask: list(output, 'mask')
      .map(mask)
      .toSorted(by((item) => `${item.path} ${item.with}`)),
    drop: list(output, 'drop').map(drop).toSorted(byIndexThenReason),
    limit: list(output, 'limit')
      .map(limit)
      .toSorted((a, b) => a.documents - b.documents),
  };
}

function denial(value: unknown): Denial {
  const item = members(value, 'a deny', ['code', 'message']);
  return {
    code: code(item['code'], 'the code of a deny'),
    message: string(item['message'], 'the message of a deny'),
  };
}

function mask(value: unknown): Mask {
  const item = members(value, 'a mask', ['path', 'with']);
  const path = string(item['path'], 'the path of a mask');
  if (path === '') throw malformed('the path of a mask is empty');
  const strategy = STRATEGIES.find((known) => known === item['with']);
  if (strategy === undefined) throw malformed(`the with of a mask is not one of ${STRATEGIES.join(', ')}`);
  return { path, with: strategy };
}

function drop(value: unknown): Drop {
  const item = members(value, 'a drop', ['index', 'reason']);
  return {
    index: count(item['index'], 'the index of a drop'),
    reason: string(item['reason'], 'the reason of a drop'),
  };
}

function limit(value: unknown): Limit {
  const item = members(value, 'a limit', ['documents', 'truncate']);
  return {
    documents: count(item['documents'], 'the documents of a limit'),
    truncate: item['truncate'] === undefined ? false : boolean(item['truncate'], 'the truncate of a limit'),
  };
}

function list(output: Readonly<Record<string, unknown>>, verb: string): readonly unknown[] {
  const items = output[verb];
  if (items === undefined) return [];
  if (!Array.isArray(items)) throw malformed(`${verb} is not a set`);
  return items;
}

function members(value: unknown, what: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${what} is not an object`);
  }
  if (Object.keys(value).some((member) => !known.includes(member))) {
    throw malformed(`${what} has a member other than ${known.join(', ')}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw malformed(`${what} is not a string`);
  return value;
}

function boolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw malformed(`${what} is not a boolean`);
  return value;
}

function code(value: unknown, what: string): string {
  const text = string(value, what);
  if (!CODE.test(text)) throw malformed(`${what} is not upper case with underscores, like DATASET_FORBIDDEN`);
  return text;
}

function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(`${what} is not a whole number of 0 or more`);
  }
  return value;
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => compare(key(a), key(b));
}

function byIndexThenReason(a: Drop, b: Drop): number {
  return a.index - b.index || compare(a.reason, b.reason);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Says where, never what: the value can hold personal data. */
function malformed(why: string): CodedError {
  return new CodedError('POLICY_FAULT', `the output is malformed: ${why}`);
}
