import type { ReasonCode } from '../reasons/index.ts';
import { CHECK, ELSEWHERE, KEYS } from './common.ts';
import { nearest } from './nearest.ts';
import type { Path } from './paths.ts';
import { count, lowerFirst, scalarIssues, typeMismatch } from './scalar.ts';
import type { Structural } from './structural.ts';

export interface Issue {
  readonly path: Path;
  /** Never holds the value. */
  readonly message: string;
  readonly code: ReasonCode;
}

/** Validates a value against a schema: every issue at once, and a copy with the defaults filled in. */
export function validate(
  schema: Structural,
  value: unknown,
): { readonly value: unknown; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  return { value: visit({ schema, path: [], issues }, value), issues };
}

interface At {
  readonly schema: Structural;
  readonly path: Path;
  readonly issues: Issue[];
}

const inside = (at: At, schema: Structural, part: string | number): At => ({
  schema,
  path: [...at.path, part],
  issues: at.issues,
});

function report(
  { path, issues }: At,
  message: string,
  code: ReasonCode = 'CONFIG_INVALID',
  inner: Path = [],
) {
  issues.push({ path: [...path, ...inner], message, code });
}

function visit(at: At, given: unknown): unknown {
  const before = at.issues.length;
  const read = visitType(at, given);
  // A check may rely on the shape of what it is given.
  if (at.issues.length > before) return read;
  for (const { at: inner, message, code } of at.schema[CHECK]?.(read) ?? []) report(at, message, code, inner);
  return read;
}

function visitType(at: At, given: unknown): unknown {
  const mismatch = typeMismatch(at.schema, given);
  if (mismatch !== undefined) report(at, mismatch);
  else if (Array.isArray(given)) return visitList(at, given);
  else if (typeof given === 'object' && given !== null) return visitObject(at, given);
  else for (const { message, code } of scalarIssues(at.schema, given)) report(at, message, code);
  return given;
}

function visitList(at: At, given: readonly unknown[]): unknown[] {
  const { minItems = 0, maxItems = 0, items = {} } = at.schema;
  if (given.length < minItems) report(at, `expected at least ${count(minItems, 'entry')}`);
  if (given.length > maxItems) report(at, `expected at most ${count(maxItems, 'entry')}`);
  const read = given.slice(0, maxItems).map((item, i) => visit(inside(at, items, i), item));
  if (at.schema['x-kubernetes-list-type'] !== undefined) reportRepeats(at, read);
  return read;
}

function reportRepeats(at: At, read: readonly unknown[]): void {
  const member = at.schema['x-kubernetes-list-map-keys']?.[0];
  const seen = new Map<unknown, number>();
  for (const [i, item] of read.entries()) {
    const key = member === undefined ? item : (item as Record<string, unknown> | null)?.[member];
    const first = seen.get(key);
    const inner = member === undefined ? [i] : [i, member];
    if (first !== undefined) {
      report(at, `repeats entry [${first}]; remove one`, 'CONFIG_INVALID', inner);
    } else if (key !== undefined && key !== null) seen.set(key, i);
  }
}

function visitObject(at: At, given: object): Record<string, unknown> {
  reportSize(at, given);
  const { properties } = at.schema;
  return properties === undefined ? visitMap(at, given) : visitMembers(at, properties, given);
}

function visitMembers(
  at: At,
  known: Readonly<Record<string, Structural>>,
  given: object,
): Record<string, unknown> {
  const members = new Map<string, unknown>(Object.entries(given));
  const read: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(known)) {
    const inner = inside(at, schema, name);
    if (members.has(name)) read[name] = visit(inner, members.get(name));
    else if (schema.default !== undefined) read[name] = visit(inner, structuredClone(schema.default));
    else if (at.schema.required?.includes(name)) {
      report(inner, `missing field \`${name}\`: ${lowerFirst(schema.description ?? '')}`);
    }
  }
  for (const name of members.keys()) {
    if (!Object.hasOwn(known, name)) report(inside(at, {}, name), unknownField(at.schema, name, members));
  }
  return read;
}

function visitMap(at: At, given: object): Record<string, unknown> {
  const { maxProperties = 0, additionalProperties = {}, [KEYS]: keys } = at.schema;
  if (at.schema['x-kubernetes-preserve-unknown-fields'] === true) return { ...given };
  const read: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(given).slice(0, maxProperties)) {
    const inner = inside(at, additionalProperties, name);
    if (keys !== undefined && !(name.length <= 253 && new RegExp(keys.pattern).test(name))) {
      report(inner, `expected the name to be ${keys.hint}`);
    }
    read[name] = visit(inner, item);
  }
  return read;
}

function reportSize(at: At, given: object): void {
  const { properties, minProperties = 0, maxProperties = Infinity, anyOf } = at.schema;
  const { length } = Object.keys(given);
  if (properties !== undefined && minProperties === 1 && maxProperties === 1) {
    if (length !== 1) report(at, `set exactly one of ${Object.keys(properties).join(', ')}`);
    return;
  }
  if (length < minProperties) report(at, `expected at least ${count(minProperties, 'entry')}`);
  if (length > maxProperties) report(at, `expected at most ${count(maxProperties, 'entry')}`);
  const choices = anyOf?.map(({ required }) => required[0]!) ?? [];
  if (choices.length > 0 && !choices.some((name) => Object.hasOwn(given, name))) {
    report(at, `set at least one of ${choices.join(', ')}`);
  }
}

function unknownField(at: Structural, name: string, given: ReadonlyMap<string, unknown>): string {
  const elsewhere = at[ELSEWHERE];
  if (elsewhere && Object.hasOwn(elsewhere, name))
    return `\`${name}\` is not allowed here: ${elsewhere[name]}`;
  const free = Object.keys(at.properties!).filter((known) => !given.has(known));
  const meant = nearest(name, free);
  if (meant !== undefined) return `unknown field \`${name}\`; did you mean \`${meant}\`?`;
  return `unknown field \`${name}\`; known are ${Object.keys(at.properties!).join(', ')}`;
}
