import { DOCUMENTS, PERSONAL } from '../support/personal.ts';
import type { Candidate, Wire } from '../support/wires/index.ts';

type Members = Readonly<Record<string, unknown>>;

export const QUERY = `who is ${PERSONAL.EMAIL_ADDRESS}`;
export const CANDIDATES: readonly Candidate[] = DOCUMENTS.map((text, n) => ({ name: `n${n}`, text }));

/** A body that passes, with personal data in query and documents. */
export function goodBody(wire: Wire, candidates = CANDIDATES): Members {
  return wire.encode({ query: QUERY, candidates, topN: wire.topN ? 2 : null }) as Members;
}

const without = (body: Members, name: string) =>
  Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));

type Wrong = readonly [title: string, body: unknown];

/** What no API with a query and a list of candidates takes, written in the API's own names. */
export function wrongBodies(wire: Wire): readonly Wrong[] {
  const { query, candidates, topN, zeroIsAll } = wire.members;
  const good = goodBody(wire);
  const put = (name: string, value: unknown) => ({ ...good, [name]: value });
  const listed = good[candidates];
  const counts = [-1, 1.5, '2', [2], true, 1e12, ...(zeroIsAll ? [] : [0])];
  return [
    ['a list', [good]],
    ['null', null],
    ['a string', JSON.stringify(QUERY)],
    ['a number', 7],
    [`no ${query}`, without(good, query)],
    ...[null, 7, { body: QUERY }, [7]].map(
      (value): Wrong => [`${query} ${JSON.stringify(value)}`, put(query, value)],
    ),
    [`no ${candidates}`, without(good, candidates)],
    ...[null, 7, { 0: QUERY }, []].map(
      (value): Wrong => [`${candidates} ${JSON.stringify(value)}`, put(candidates, value)],
    ),
    ...[null, 7, [QUERY], { text: { body: QUERY } }, { images: [QUERY] }].map(
      (value): Wrong => [`a candidate ${JSON.stringify(value)}`, put(candidates, [...list(listed), value])],
    ),
    ...(topN === null
      ? []
      : counts.map((value): Wrong => [`${topN} ${JSON.stringify(value)}`, put(topN, value)])),
    ...Object.keys(good)
      .filter((name) => name.startsWith('return_'))
      .map((name): Wrong => [`${name} that is a string`, put(name, 'yes')]),
    ...('model' in good ? [['a model that is a number', put('model', 3)] as const] : []),
  ];
}

const list = (value: unknown) => (Array.isArray(value) ? value : [value]);

/** Members that another reader could take for the query or the candidates. */
export function ambiguousBodies(wire: Wire): readonly Wrong[] {
  const good = goodBody(wire);
  const { candidates, query } = wire.members;
  return [
    ...[candidates, query].map(
      (name): Wrong => [name.toUpperCase(), { ...good, [name.toUpperCase()]: good[name] }],
    ),
    ['text_docs', { ...good, text_docs: [QUERY] }],
    ['messages', { ...good, messages: [{ role: 'user', content: QUERY }] }],
  ];
}

type Script = (good: string) => string;
/** Answers of a reranker that are not JSON, or none of the API; from the good one. */
export const BROKEN: readonly (readonly [
  title: string,
  reason: 'UPSTREAM_MALFORMED' | 'UPSTREAM_SHAPE',
  Script,
])[] = [
  ['text', 'UPSTREAM_MALFORMED', () => DOCUMENTS[0]!],
  ['nothing', 'UPSTREAM_MALFORMED', () => ''],
  ['half of it', 'UPSTREAM_MALFORMED', (good) => good.slice(0, good.length / 2)],
  ['it twice', 'UPSTREAM_MALFORMED', (good) => good + good],
  ['a score of NaN', 'UPSTREAM_MALFORMED', (good) => good.replaceAll('0.25', 'NaN')],
  ['a score of Infinity', 'UPSTREAM_MALFORMED', (good) => good.replaceAll('0.25', 'Infinity')],
  ['a score of text', 'UPSTREAM_SHAPE', (good) => good.replaceAll('0.25', '"high"')],
  ['a score of true', 'UPSTREAM_SHAPE', (good) => good.replaceAll('0.25', 'true')],
  ['a score of a list', 'UPSTREAM_SHAPE', (good) => good.replaceAll('0.25', '[0.25]')],
  ['null', 'UPSTREAM_SHAPE', () => 'null'],
  ['a sentence', 'UPSTREAM_SHAPE', () => JSON.stringify(DOCUMENTS[0])],
  ['an object of nobody', 'UPSTREAM_SHAPE', () => JSON.stringify({ answer: DOCUMENTS })],
  ['documents alone', 'UPSTREAM_SHAPE', () => JSON.stringify(DOCUMENTS)],
];

/** Results that name what was not sent, or the same twice, or too many. */
export const MISPLACED: readonly (readonly [title: string, indices: readonly unknown[]])[] = [
  ['an index beyond the documents', [0, 3]],
  ['an index far beyond them', [0, 4_294_967_296]],
  ['an index below 0', [0, -1]],
  ['an index that is a fraction', [0, 0.5]],
  ['an index that is a word', [0, 'one']],
  ['an index that is null', [0, null]],
  ['an index that is an object', [0, {}]],
  ['the same index twice', [0, 1, 0]],
  ['more results than documents', [0, 1, 2, 2]],
  ['twice as many results', [0, 1, 2, 0, 1, 2]],
];
