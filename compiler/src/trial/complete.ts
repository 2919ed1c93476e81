import type { Facts } from '@rankguard/contract';
import { parse } from 'yaml';
import { type FactsPath, type Shape, shapeAt, showPath } from '../facts-shape.ts';
import { explainUnknownFact } from '../problems.ts';
import { cannedFacts } from '../try-out.ts';

export interface CompletedFacts {
  readonly facts: Facts;
  /** What was given and is no fact, or not of its type. */
  readonly problems: readonly string[];
}

/** A Wednesday morning. */
const TIME = { unix: 1_700_043_200, weekday: 3, hour: 10 };

/** What an element of a list has where nothing is said. */
const ELEMENTS: Readonly<Record<string, (at: number) => Record<string, unknown>>> = {
  'request.documents': (at) => ({ index: at, id: null, text: `text ${at}`, fields: {} }),
  'response.results': (at) => ({ index: at, id: null, rank: at, score: null, fields: {} }),
  findings: () => ({
    kind: 'INSTRUCTIONS',
    path: 'query',
    index: null,
    count: 1,
    score: 1,
    source: 'instructions',
  }),
};

/**
 * Total facts from the few that matter: all others are those of a plain call. A member may be written with dots
 * (`identity.groups`). Counts, ids and fields of results follow from the documents unless they are given.
 */
export function completeFacts(given: unknown): CompletedFacts {
  const problems: string[] = [];
  const { phase } = (given ?? {}) as { readonly phase?: unknown };
  const plain = cannedFacts(phase === 'response' ? 'response' : 'request', 0);
  const base = {
    ...plain,
    identity: { ...plain.identity, groups: [] },
    request: { ...plain.request, time: TIME },
  };
  const merged = merge(base, undotted(given), [], problems) as Facts;
  return { facts: derived(merged, undotted(given) as Given), problems };
}

/**
 * Reads facts from JSON or YAML: whole ones, a record that holds them in a member `facts`, or the few that matter.
 * A text that is neither throws.
 */
export function readFacts(text: string): CompletedFacts {
  const read: unknown = parse(text);
  return completeFacts(isObject(read) && isObject(read['facts']) ? read['facts'] : read);
}

interface Given {
  readonly request?: { readonly counts?: { readonly documents?: number } };
  readonly response?: {
    readonly rows?: number;
    readonly results?: readonly { readonly id?: unknown; readonly fields?: unknown }[];
  };
}

function derived(facts: Facts, given: Given): Facts {
  const { request, response } = facts;
  const documents = given.request?.counts?.documents ?? request.documents.length;
  const results = response.results.map((result, at) => {
    const own = given.response?.results?.[at];
    const joined = request.documents.find(({ index }) => index === result.index);
    return {
      ...result,
      ...(own?.id === undefined && { id: joined?.id ?? null }),
      ...(own?.fields === undefined && { fields: joined?.fields ?? {} }),
    };
  });
  return {
    ...facts,
    request: { ...request, counts: { ...request.counts, documents } },
    response: { ...response, results, rows: given.response?.rows ?? results.length },
  };
}

/** `{"a.b": 1}` as `{"a": {"b": 1}}`; only at the top, where no member of the facts has a dot. */
function undotted(given: unknown): unknown {
  if (!isObject(given)) return given ?? {};
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const path = name.split('.');
    const last = path.pop() ?? '';
    let at = result;
    for (const step of path) {
      at[step] = isObject(at[step]) ? { ...(at[step] as object) } : {};
      at = at[step] as Record<string, unknown>;
    }
    at[last] = isObject(at[last]) && isObject(value) ? { ...(at[last] as object), ...value } : value;
  }
  return result;
}

function merge(base: unknown, given: unknown, path: FactsPath, problems: string[]): unknown {
  const shape = shapeAt(path);
  if (given === undefined) return base;
  if (shape?.kind === 'object') {
    if (!isObject(given)) return mismatch(base, path, 'an object', problems);
    const merged: Record<string, unknown> = { ...(base as object) };
    for (const [name, value] of Object.entries(given)) {
      if (!Object.hasOwn(shape.members, name)) problems.push(explainUnknownFact(path, name));
      else merged[name] = merge(merged[name], value, [...path, name], problems);
    }
    return merged;
  }
  if (shape?.kind === 'array') {
    if (!Array.isArray(given)) return mismatch(base, path, 'a list', problems);
    const element = ELEMENTS[path.join('.')];
    return given.map((item, at) => merge(element?.(at), item, [...path, '*'], problems));
  }
  if (shape?.kind === 'record' && !isObject(given)) return mismatch(base, path, 'an object', problems);
  if (shape?.kind === 'scalar' && !isOneOf(given, shape)) {
    return mismatch(base, path, shape.types.join(' or '), problems);
  }
  return given;
}

function mismatch(base: unknown, path: FactsPath, wanted: string, problems: string[]): unknown {
  problems.push(`${showPath(path)} is ${wanted}`);
  return base;
}

function isOneOf(value: unknown, shape: Extract<Shape, { kind: 'scalar' }>): boolean {
  const type = value === null ? 'null' : typeof value;
  return shape.types.some((one) => one === type || (one === 'integer' && Number.isInteger(value)));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
