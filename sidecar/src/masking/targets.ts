import { type JsonDocument, Kind } from '../json/types.ts';
import { locate } from './facts-paths.ts';
import { type Segment, select } from './paths.ts';
import type { FactsRule, PathRule } from './plan.ts';
import { stricter, type Treatment } from './strategies.ts';
import type { MaskLabel, Places } from './types.ts';

/** What is to happen to one value. */
export interface Target {
  treatment: Treatment;
  label: MaskLabel;
  /** The API needs the member: `remove` empties it. */
  required: boolean;
  /** Only strings and numbers go: a container keeps its shape, and an empty string, a boolean or null stays. */
  values: boolean;
}

/** A rule that goes on inside a string that holds JSON. */
export interface InsideRule {
  readonly segments: readonly Segment[];
  readonly treatment: Treatment;
  readonly label: MaskLabel;
}

/** The values of one document that rules name. */
export class Targets {
  readonly values = new Map<number, Target>();
  readonly inside = new Map<number, InsideRule[]>();

  get size(): number {
    return this.values.size;
  }

  add(
    token: number,
    treatment: Treatment,
    label: MaskLabel,
    { required = false, values = false }: { readonly required?: boolean; readonly values?: boolean } = {},
  ): void {
    const before = this.values.get(token);
    if (before === undefined) {
      this.values.set(token, { treatment, label, required, values });
      return;
    }
    if (stricter(before.treatment, treatment) !== before.treatment) {
      before.treatment = treatment;
      before.label = label;
    }
    if (required) before.required = true;
    if (!values) before.values = false;
  }

  addPaths(document: JsonDocument, rules: readonly PathRule[]): void {
    for (const { segments, treatment } of rules) {
      for (const token of select(document, [0], segments)) this.add(token, treatment, 'FIELD');
    }
  }

  addFacts(document: JsonDocument, places: Places, rules: readonly FactsRule[]): void {
    for (const { path, treatment, label } of rules) {
      const located = locate(document, places, path);
      for (const { token, required } of located.tokens) this.add(token, treatment, label, { required });
      for (const token of located.inside) {
        const rule = { segments: path.segments, treatment, label };
        const rules = this.inside.get(token);
        if (rules === undefined) this.inside.set(token, [rule]);
        else rules.push(rule);
      }
    }
  }

  addInside(document: JsonDocument, rules: readonly InsideRule[]): void {
    for (const { segments, treatment, label } of rules) {
      for (const token of select(document, [0], segments)) this.add(token, treatment, label);
    }
  }
}

/** Follows a document token by token and tells which values are named, one by one or by a container's rule. */
export class TargetWalk {
  readonly #document: JsonDocument;
  readonly #targets: Targets;
  /** The values up to here are masked as this one says. */
  #until = 0;
  #target: Target | null = null;

  constructor(document: JsonDocument, targets: Targets) {
    this.#document = document;
    this.#targets = targets;
  }

  /** Whether a rule names the value itself; then it is among the targets. Tokens must come in order. */
  at(token: number, kind: Kind): boolean {
    const own = this.#targets.size === 0 ? undefined : this.#targets.values.get(token);
    if (own !== undefined && !own.values) return true;
    const rule = own ?? (token < this.#until ? this.#target : null);
    if (rule === null || kind === Kind.Literal) return false;
    if (kind === Kind.Object || kind === Kind.Array) {
      this.#enter(token, rule);
      return false;
    }
    const document = this.#document;
    if (kind === Kind.String && document.start(token) === document.end(token)) return false;
    if (own === undefined) this.#targets.values.set(token, { ...rule });
    return true;
  }

  #enter(container: number, rule: Target): void {
    if (container < this.#until || isSchema(this.#document, container)) return;
    this.#until = this.#document.next(container);
    this.#target = rule;
  }
}

const SCHEMA_TYPES = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);

/** Whether an object describes a value (JSON Schema, as tools declare their parameters) and holds none. */
function isSchema(document: JsonDocument, object: number): boolean {
  if (document.kind(object) !== Kind.Object) return false;
  const type = document.get(object, 'type');
  return type !== -1 && document.kind(type) === Kind.String && SCHEMA_TYPES.has(document.string(type));
}
