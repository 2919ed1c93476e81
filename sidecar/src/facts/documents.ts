import type { Projection } from '@rankguard/contract';
import { soleString } from '../json/elements.ts';
import { type JsonDocument, type JsonReader, Kind } from '../json/types.ts';
import { type YamlBudget, yamlAsJson, yamlBudget } from './yaml-text.ts';

/** A candidate as policies see it; only the members that some policy can reach are there. */
export interface PartialDocument {
  index?: number;
  id?: string | null;
  text?: string;
  fields?: Record<string, unknown>;
}

export interface DocumentReader {
  /** The members of one candidate that `wanted` reaches. */
  read(document: JsonDocument, token: number, index: number, wanted: Projection): PartialDocument;
}

function reached(projection: Projection, member: string): Projection | undefined {
  return projection === true ? true : projection[member];
}

/** Picks the reached members of a structured document. */
function pick(document: JsonDocument, object: number, wanted: Projection): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (wanted === true || wanted['*'] !== undefined) {
    for (const [key, value] of document.members(object)) {
      define(fields, document.string(key), document.value(value));
    }
    return fields;
  }
  for (const name of Object.keys(wanted)) {
    const token = document.get(object, name);
    if (token !== -1) define(fields, name, document.value(token));
  }
  return fields;
}

/** A plain assignment to `__proto__` would set the prototype, and the member would be hidden from every policy. */
function define(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') fields[name] = value;
  else Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
}

function idOf(document: JsonDocument, object: number): string | null {
  const token = document.get(object, 'id');
  if (token === -1) return null;
  const kind = document.kind(token);
  if (kind === Kind.String) return document.string(token);
  return kind === Kind.Number ? document.raw(token) : null;
}

/** How far into a text the colon behind the first key may be. */
const FIRST_KEY = 65;

/** Whether a text has a colon where a mapping's first key would end: looks at bytes, so that prose costs nothing. */
function mayBeYaml(document: JsonDocument, token: number): boolean {
  const start = document.start(token);
  const colon = document.bytes
    .subarray(start, Math.min(document.end(token), start + FIRST_KEY))
    .indexOf(0x3a);
  return colon > 0;
}

/**
 * Reads candidates. A candidate is structured when it is an object, or a string that is a strict JSON object or a YAML
 * mapping (the AI SDK and LangChain send documents like that); everything else has a text and no fields. An object with
 * nothing but a text is that text: APIs and their clients wrap strings so.
 * `nested` must not be the reader of the body: a document dies when its reader reads again.
 */
export function createDocumentReader(nested: JsonReader): DocumentReader {
  const budgets = new WeakMap<JsonDocument, YamlBudget>();

  function budgetOf(body: JsonDocument): YamlBudget {
    const budget = budgets.get(body) ?? yamlBudget();
    budgets.set(body, budget);
    return budget;
  }

  function structured(document: JsonDocument, token: number): [JsonDocument, number] | undefined {
    if (document.kind(token) === Kind.Object) {
      const only = soleString(document, token, 'text');
      return (only === -1 ? undefined : structured(document, only)) ?? [document, token];
    }
    const first = document.bytes[document.start(token)];
    // Only `{` or whitespace can begin an object; an escape can hide neither a brace nor be skipped safely.
    const mayBeJson = first === 0x7b || first === 0x20 || first === 0x5c;
    if (!mayBeJson && !mayBeYaml(document, token)) return undefined;
    const text = document.string(token);
    const json = text.trimStart().startsWith('{') ? text : yamlAsJson(text, budgetOf(document));
    if (json === undefined) return undefined;
    const inner = nested.read(Buffer.from(json));
    if (!inner.ok || inner.document.kind(0) !== Kind.Object) return undefined;
    return [inner.document, 0];
  }

  function textOf(document: JsonDocument, token: number): string {
    if (document.kind(token) === Kind.String) return document.string(token);
    const text = document.get(token, 'text');
    if (text !== -1 && document.kind(text) === Kind.String) return document.string(text);
    const parts: string[] = [];
    for (const [, value] of document.members(token)) {
      if (document.kind(value) === Kind.String) parts.push(document.string(value));
    }
    return parts.join('\n');
  }

  return {
    read(document, token, index, wanted) {
      const result: PartialDocument = {};
      if (reached(wanted, 'index') !== undefined) result.index = index;
      if (reached(wanted, 'text') !== undefined) result.text = textOf(document, token);
      const fields = reached(wanted, 'fields');
      const wantsId = reached(wanted, 'id') !== undefined;
      if (fields === undefined && !wantsId) return result;
      const found = structured(document, token);
      if (wantsId) result.id = found === undefined ? null : idOf(found[0], found[1]);
      if (fields !== undefined) result.fields = found === undefined ? {} : pick(found[0], found[1], fields);
      return result;
    },
  };
}
