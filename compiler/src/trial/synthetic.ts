import { DIALECT_NAMES, type Facts, FactsSchema, type Finding } from '@rankguard/contract';
import type { Constants } from './constants.ts';
import { createRandom, type Random } from './random.ts';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: object;
}

export interface SyntheticOptions {
  readonly count: number;
  /** Equal seeds make equal calls. */
  readonly seed: number;
  /** What the policy speaks of; half of all values come from here. */
  readonly constants: Constants;
  /** Candidates of each call; none: few, sometimes none, seldom a hundred. */
  readonly documents?: number;
}

const WORDS = ['refund', 'invoice', 'café', '東京', 'a b', 'ANN', '0', '-1.5', 'true', 'x'.repeat(300)];
const EDGES = ['', ' ', '\u0000', '"\\\n', '\u{1f600}'];
const NAMES = ['id', 'title', 'team', 'price', 'tags', 'owner'];
const NUMBERS = [0, 1, -1, 0.5, 2, 3, 100, 1e6];

/** Ranking calls of both phases, made from the schema of the facts: total, coherent, and often odd. */
export function synthesise(options: SyntheticOptions): readonly Facts[] {
  const random = createRandom(options.seed);
  return Array.from({ length: options.count }, () => makeCall(random, options));
}

function makeCall(random: Random, { constants, documents }: SyntheticOptions): Facts {
  const facts = make(FactsSchema as unknown as Schema, { random, constants }) as Facts;
  const count = documents ?? (random.chance(0.03) ? 100 : random.below(9));
  const { items: document } = member('request', 'documents');
  const { items: result } = member('response', 'results');
  const listed = Array.from({ length: count }, (_, index) => ({
    ...(make(document, { random, constants }) as Facts['request']['documents'][number]),
    index,
  }));
  const answered = facts.phase === 'response';
  const shown = answered ? random.shuffle(listed).slice(0, count - random.below(3)) : [];
  let score = random.pick([1, 1, 0.4, 8.5]);
  const results = shown.map(({ index, id, fields }, rank) => {
    score -= random.below(1000) / 10_000;
    const own = make(result, { random, constants }) as Facts['response']['results'][number];
    return { ...own, index, id, fields, rank, score: random.chance(0.05) ? null : score };
  });
  return {
    ...facts,
    connection: { ...facts.connection, dialect: random.pick(DIALECT_NAMES) },
    request: {
      ...facts.request,
      operation: random.chance(0.8) ? 'rerank' : facts.request.operation,
      documents: listed,
      counts: { ...facts.request.counts, documents: count },
    },
    findings: facts.findings.map((finding) => placed(finding, random, count)),
    usage: { ...facts.usage, exposure: makeExposure({ random, constants }, listed) },
    response: answered
      ? { ...facts.response, status: random.chance(0.1) ? 422 : 200, results, rows: results.length }
      : { status: 0, results: [], rows: 0, bytes: 0 },
  };
}

function member(...path: readonly string[]): { readonly items: Schema } {
  let schema = FactsSchema as unknown as Schema;
  for (const name of path) schema = schema.properties?.[name] ?? {};
  return { items: schema.items ?? {} };
}

interface Making {
  readonly random: Random;
  readonly constants: Constants;
}

function make(schema: Schema, making: Making): unknown {
  const { random } = making;
  if (schema.anyOf) return make(random.pick(schema.anyOf), making);
  if (schema.const !== undefined) return schema.const;
  switch (schema.type) {
    case 'object':
      return schema.patternProperties
        ? makeRecord(making, 2)
        : Object.fromEntries(
            Object.entries(schema.properties ?? {}).map(([name, one]) => [name, make(one, making)]),
          );
    case 'array':
      return Array.from({ length: random.below(4) }, () => make(schema.items ?? {}, making));
    case 'string':
      return makeText(making);
    case 'boolean':
      return random.chance(0.5);
    case 'integer':
      return clamp(Math.round(makeNumber(making)), schema);
    case 'number':
      return clamp(makeNumber(making), schema);
    case 'null':
      return null;
    default:
      return makeAny(making, 2);
  }
}

function makeRecord(making: Making, depth: number): Record<string, unknown> {
  const { random, constants } = making;
  const names = constants.strings.length > 0 && random.chance(0.7) ? constants.strings : NAMES;
  const entries = Array.from(
    { length: random.below(5) },
    () => [random.pick(names), makeAny(making, depth - 1)] as const,
  );
  return Object.fromEntries(entries);
}

/** In the query or in one of the candidates. */
function placed(finding: Finding, random: Random, documents: number): Finding {
  if (documents === 0 || random.chance(0.5)) return { ...finding, path: 'query', index: null };
  const index = random.below(documents);
  return { ...finding, path: `documents[${index}].text`, index };
}

/** Per field and value how much it was shown, as the sidecar counts it: of these documents, and of others. */
function makeExposure({ random, constants }: Making, documents: Facts['request']['documents']) {
  const exposure: Record<string, Record<string, number>> = {};
  const add = (name: string, value: unknown) => {
    if (typeof value !== 'string') return;
    const values = exposure[name] ?? {};
    exposure[name] = { ...values, [value]: random.below(100) };
  };
  for (const { fields } of documents) {
    for (const [name, value] of Object.entries(fields)) if (random.chance(0.7)) add(name, value);
  }
  for (let more = random.below(4); more > 0; more -= 1) {
    add(random.pick([...constants.strings, ...NAMES]), makeText({ random, constants }));
  }
  return exposure;
}

/** Any JSON: claims and fields may hold whatever somebody put there. */
function makeAny(making: Making, depth: number): unknown {
  const { random } = making;
  const kind = random.below(depth > 0 ? 10 : 8);
  if (kind < 4) return makeText(making);
  if (kind < 6) return makeNumber(making);
  if (kind === 6) return random.chance(0.5);
  if (kind === 7) return null;
  if (kind === 8) return Array.from({ length: random.below(4) }, () => makeAny(making, depth - 1));
  return makeRecord(making, depth);
}

function makeText({ random, constants }: Making): string {
  if (constants.strings.length > 0 && random.chance(0.6)) return random.pick(constants.strings);
  return random.pick(random.chance(0.15) ? EDGES : WORDS);
}

function makeNumber({ random, constants }: Making): number {
  if (constants.numbers.length > 0 && random.chance(0.5)) {
    return random.pick(constants.numbers) + random.pick([-1, 0, 1]);
  }
  return random.chance(0.3) ? random.below(100_000) : random.pick(NUMBERS);
}

function clamp(value: number, { minimum = -1e9, maximum = 2e9 }: Schema): number {
  return Math.min(Math.max(value, minimum), maximum);
}
