import { type RankVerb, STRATEGIES, type Strategy } from '@rankguard/contract';
import { parseFactsPath } from '../masking/facts-paths.ts';
import { rankVerb } from './rank-output.ts';
import { boolean, count, list, malformed, members, string } from './values.ts';

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
  readonly rank: readonly RankVerb[];
}

const CODE = /^[A-Z][A-Z0-9_]*$/;
const MEMBERS = ['allow', 'deny', 'hold', 'mask', 'drop', 'rank', 'limit'];

/** Reads a module's result strictly. Throws POLICY_FAULT, with the place, for anything that is not understood. */
export function parseOutput(value: unknown): PolicyOutput {
  const output = members(value, 'the result', MEMBERS);
  if (list(output, 'hold').length > 0) throw malformed('hold is not supported by this version');
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
    rank: list(output, 'rank')
      .map(rankVerb)
      .toSorted(by((item) => JSON.stringify(item))),
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
  if (!namesFacts(path)) throw malformed('the path of a mask names nothing of the facts that can be masked');
  const strategy = STRATEGIES.find((known) => known === item['with']);
  if (strategy === undefined) throw malformed(`the with of a mask is not one of ${STRATEGIES.join(', ')}`);
  return { path, with: strategy };
}

/** Policies say the same paths again and again, one for each candidate at most. */
const MOST_KNOWN = 4_096;
const LONGEST_KNOWN = 128;
const known = new Set<string>();

function namesFacts(path: string): boolean {
  if (known.has(path)) return true;
  try {
    parseFactsPath(path, 'POLICY_FAULT');
  } catch {
    return false;
  }
  if (path.length > LONGEST_KNOWN) return true;
  if (known.size >= MOST_KNOWN) known.clear();
  known.add(path);
  return true;
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

function code(value: unknown, what: string): string {
  const text = string(value, what);
  if (!CODE.test(text)) throw malformed(`${what} is not upper case with underscores, like DATASET_FORBIDDEN`);
  return text;
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
