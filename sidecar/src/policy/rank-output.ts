import { GROUP_PATH, RANK_MEMBERS, RANK_VERBS, type RankVerb } from '@rankguard/contract';
import { count, malformed, members, string } from './values.ts';

type Item = Readonly<Record<string, unknown>>;

/** Reads one item of `rank` strictly. Throws POLICY_FAULT for an unknown verb or member. */
export function rankVerb(value: unknown): RankVerb {
  const verb = RANK_VERBS.find((known) => known === (value as { verb?: unknown } | null)?.verb);
  if (verb === undefined) throw malformed(`the verb of a rank is not one of ${RANK_VERBS.join(', ')}`);
  const { required, optional } = RANK_MEMBERS[verb];
  const item = members(value, `a ${verb}`, ['verb', ...required, ...optional]);
  return READERS[verb](item);
}

const READERS: { readonly [verb in RankVerb['verb']]: (item: Item) => RankVerb } = {
  floor: (item) => ({
    verb: 'floor',
    min_score: number(item['min_score'], 'the min_score of a floor'),
    below: oneOf(item['below'], ['remove', 'last'], 'the below of a floor'),
  }),
  cap: (item) => ({
    verb: 'cap',
    by: path(item['by'], 'the by of a cap'),
    value: scalar(item['value'], 'the value of a cap'),
    max: count(item['max'], 'the max of a cap'),
    over: oneOf(item['over'], ['remove', 'last'], 'the over of a cap'),
  }),
  diversify: (item) => {
    const top = count(item['top'], 'the top of a diversify');
    if (top === 0) throw malformed('the top of a diversify is 0');
    return { verb: 'diversify', by: path(item['by'], 'the by of a diversify'), top, max: most(item, top) };
  },
  reorder: (item) => ({
    verb: 'reorder',
    index: count(item['index'], 'the index of a reorder'),
    move: move(item['move']),
    places: item['places'] === undefined ? null : count(item['places'], 'the places of a reorder'),
  }),
  limit: (item) => ({ verb: 'limit', results: count(item['results'], 'the results of a limit') }),
};

function most(item: Item, top: number): number {
  const { max, max_share: share } = item;
  if ((max === undefined) === (share === undefined)) {
    throw malformed('a diversify has either max or max_share');
  }
  if (max !== undefined) {
    const most = count(max, 'the max of a diversify');
    if (most === 0) throw malformed('the max of a diversify is 0; use drop or cap');
    return most;
  }
  const part = number(share, 'the max_share of a diversify');
  if (!(part > 0 && part <= 1)) throw malformed('the max_share of a diversify is not above 0 and at most 1');
  // 0.3 * 10 is 3.0000000000000004 in some orders of multiplication and 2.9999999999999996 in others.
  return Math.max(1, Math.floor(part * top + 1e-9));
}

function move(value: unknown): 'boost' | 'demote' {
  if (value !== 'boost' && value !== 'demote')
    throw malformed('the move of a reorder is not boost or demote');
  return value;
}

function oneOf<T extends string>(value: unknown, known: readonly [T, ...T[]], what: string): T {
  if (value === undefined) return known[0];
  const found = known.find((one) => one === value);
  if (found === undefined) throw malformed(`${what} is not one of ${known.join(', ')}`);
  return found;
}

function path(value: unknown, what: string): string {
  const text = string(value, what);
  if (!GROUP_PATH.test(text)) throw malformed(`${what} is neither id nor a path below fields`);
  return text;
}

function number(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(`${what} is not a number`);
  return value;
}

function scalar(value: unknown, what: string): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw malformed(`${what} is not a string, number or boolean`);
}
