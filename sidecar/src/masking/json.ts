import type { Entity } from '@rankguard/contract';
import { type Edit, type JsonDocument, type JsonReader, Kind } from '../json/index.ts';
import { distinctKeys } from './keys.ts';
import { namesSsn } from './names.ts';
import { DEEPEST, escaped, openString, outerEdits } from './nested.ts';
import { Outline } from './outline.ts';
import type { Judgement, Plan } from './plan.ts';
import { removalEdits, valueEnd, valueStart } from './removal.ts';
import { type Findings, Ranges, type Scanner, SHORTEST, SHORTEST_NUMBER } from './scanner.ts';
import { type Replacer, stricter } from './strategies.ts';
import { type Target, Targets } from './targets.ts';
import type { MaskLabel } from './types.ts';

/** What masking a text needs, the same for every text of a call. */
export interface Tools {
  readonly plan: Plan;
  readonly scanner: Scanner;
  readonly replacer: Replacer;
  /** A reader for JSON in strings, one per depth. */
  readonly nestedReader: (depth: number) => JsonReader;
  /** Counts one masked value. */
  readonly count: (label: MaskLabel) => void;
}

/** The text in the place of [start, end), before it is escaped for where it goes. */
export function replacement(
  tools: Tools,
  bytes: Buffer,
  start: number,
  end: number,
  judged: Judgement,
): string {
  if (judged.fixed !== null) return judged.fixed;
  const value = tools.scanner.fold(bytes.subarray(start, end));
  return tools.replacer.replace(judged.strategy, judged.entity, value);
}

/** Masks one JSON text: the values that `targets` has from paths, and what names and detectors find. Used once. */
export class JsonMasking {
  readonly #tools: Tools;
  readonly #document: JsonDocument;
  readonly #targets: Targets;
  readonly #depth: number;
  /** Whether the text stands in a field whose name says SSN. */
  readonly #sensitive: () => boolean;
  readonly #opens: boolean;
  readonly #ranges = new Ranges();
  readonly #hits: number[] = [];
  readonly #entities = new Map<number, Entity>();
  readonly #edits: Edit[] = [];
  #madeOutline: Outline | undefined;
  #lastOwner = -1;
  #lastSensitive = false;

  constructor(
    tools: Tools,
    document: JsonDocument,
    targets: Targets,
    depth: number,
    sensitive: () => boolean,
  ) {
    this.#tools = tools;
    this.#document = document;
    this.#targets = targets;
    this.#depth = depth;
    this.#sensitive = sensitive;
    this.#opens = depth < DEEPEST && (tools.plan.detects || !tools.plan.names.empty);
  }

  /** Edits that mask the text, ascending and apart. */
  run(): Edit[] {
    const { count } = this.#document;
    for (let token = 0; token < count; ) token = this.#visit(token);
    if (this.#tools.plan.detects) {
      this.#maskFindings(this.#tools.scanner.find(this.#document.bytes, this.#ranges));
    }
    this.#maskTargets();
    return apart(this.#edits);
  }

  get #outline(): Outline {
    this.#madeOutline ??= new Outline(this.#document);
    return this.#madeOutline;
  }

  /** Notes what is to be done about a token and returns the next one to visit. */
  #visit(token: number): number {
    const document = this.#document;
    const kind = document.kind(token);
    if (kind === Kind.Key) return this.#visitKey(token);
    if (kind === Kind.Close) return token + 1;
    if (this.#targets.values.has(token)) {
      this.#hits.push(token);
      if (kind === Kind.String || kind === Kind.Number) this.#scan(token, kind);
      return document.next(token);
    }
    if (kind === Kind.String) {
      if (!this.#open(token)) this.#scan(token, kind);
    } else if (kind === Kind.Number) {
      this.#scan(token, kind);
    }
    return token + 1;
  }

  #visitKey(key: number): number {
    const document = this.#document;
    const { names } = this.#tools.plan;
    const start = document.start(key);
    const end = document.end(key);
    if (!names.empty) {
      const strategy = names.match(document.bytes, start, end, () => document.string(key));
      if (strategy !== null) this.#targets.add(key + 1, strategy, 'FIELD');
    }
    if (end - start < SHORTEST) return key + 1;
    const target = this.#targets.values.get(key + 1);
    // The name of a member that goes, goes with it.
    if (target?.strategy !== 'remove' || target.required) this.#ranges.add(key, start, end, false);
    return key + 1;
  }

  #scan(token: number, kind: Kind): void {
    const start = this.#document.start(token);
    const end = this.#document.end(token);
    const isNumber = kind === Kind.Number;
    if (end - start >= (isNumber ? SHORTEST_NUMBER : SHORTEST)) this.#ranges.add(token, start, end, isNumber);
  }

  /** Masks inside a string that holds JSON; false when it is to be looked at as text. */
  #open(token: number): boolean {
    const inside = this.#targets.inside.get(token) ?? [];
    if (!this.#opens && inside.length === 0) return false;
    const nested = openString(this.#document, token, () => this.#tools.nestedReader(this.#depth));
    if (nested.kind === 'text') return false;
    if (nested.kind === 'ambiguous') {
      this.#targets.add(token, 'redact', 'FIELD');
      this.#hits.push(token);
      return true;
    }
    const targets = new Targets();
    targets.addInside(nested.document, inside);
    const sensitive = () => this.#isSensitive(token);
    const inner = new JsonMasking(this.#tools, nested.document, targets, this.#depth + 1, sensitive).run();
    if (inner.length > 0) this.#edits.push(...outerEdits(this.#document, token, inner, this.#tools.scanner));
    return true;
  }

  #isSensitive(token: number): boolean {
    const owner = this.#outline.owner(token);
    if (owner === -1) return this.#sensitive();
    // Many values of an array have one owner.
    if (owner !== this.#lastOwner) {
      this.#lastOwner = owner;
      this.#lastSensitive = namesSsn(this.#document.string(owner));
    }
    return this.#lastSensitive;
  }

  #maskFindings(findings: Findings): void {
    const document = this.#document;
    const { plan, count } = this.#tools;
    const targets = this.#targets.values;
    const keys = new Map<number, Edit[]>();
    for (let at = 0; at < findings.count; at++) {
      const token = findings.token(at);
      if (findings.isWeak(at) && !this.#promote(findings, at)) continue;
      const judged = plan.judge(findings.kinds(at));
      if (judged === null) continue;
      const start = findings.start(at);
      const end = findings.end(at);
      const target = targets.size === 0 ? undefined : targets.get(token);
      if (target !== undefined) {
        this.#strengthen(token, target, start, end, judged);
        continue;
      }
      count(judged.entity);
      const kind = document.kind(token);
      const edit = this.#editOf(token, kind, start, end, judged);
      if (kind === Kind.Key) push(keys, token, edit);
      else this.#edits.push(edit);
    }
    if (keys.size > 0) this.#edits.push(...distinctKeys(document, this.#outline, keys));
  }

  /** Nine digits are a number of social security under a name that says so. */
  #promote(findings: Findings, at: number): boolean {
    const token = findings.token(at);
    if (this.#document.kind(token) === Kind.Key || !this.#isSensitive(token)) return false;
    findings.promote(at);
    return true;
  }

  /** A rule for a field never keeps more of a value than the detector's rule would. */
  #strengthen(token: number, target: Target, start: number, end: number, judged: Judgement): void {
    target.strategy = stricter(target.strategy, judged.strategy);
    if (start === this.#document.start(token) && end === this.#document.end(token)) {
      this.#entities.set(token, judged.entity);
    }
  }

  #editOf(token: number, kind: Kind, start: number, end: number, judged: Judgement): Edit {
    const document = this.#document;
    const { strategy } = judged;
    if (strategy === 'null' && kind !== Kind.Key) {
      const whole = start === document.start(token) && end === document.end(token);
      if (whole) return { start: valueStart(document, token), end: valueEnd(document, token), with: 'null' };
    }
    const text = replacement(this.#tools, document.bytes, start, end, judged);
    // Only what `partial` keeps can hold something to escape.
    const safe = strategy === 'partial' ? escaped(text) : text;
    return { start, end, with: kind === Kind.Number ? `"${safe}"` : safe };
  }

  #maskTargets(): void {
    const document = this.#document;
    const removed: number[] = [];
    for (const token of this.#hits) {
      const target = this.#targets.values.get(token)!;
      // A null holds nothing; only its member can go.
      if (document.isNull(token) && target.strategy !== 'remove') continue;
      this.#tools.count(target.label);
      if (target.strategy === 'remove' && !target.required && token > 0) removed.push(token);
      else {
        const text = this.#targetText(token, target);
        this.#edits.push({ start: valueStart(document, token), end: valueEnd(document, token), with: text });
      }
    }
    if (removed.length > 0) this.#edits.push(...removalEdits(document, this.#outline, removed));
  }

  /** The JSON value in the place of a target. */
  #targetText(token: number, { strategy, required }: Target): string {
    if (strategy === 'null' || strategy === 'remove')
      return strategy === 'remove' && required ? '""' : 'null';
    const document = this.#document;
    const kind = document.kind(token);
    const { replacer, scanner } = this.#tools;
    const entity = this.#entities.get(token);
    if (strategy === 'token' && entity !== undefined) {
      const folded = scanner.fold(document.bytes.subarray(document.start(token), document.end(token)));
      return `"${escaped(replacer.replace(strategy, entity, folded))}"`;
    }
    const container = kind === Kind.Object || kind === Kind.Array;
    const value = kind === Kind.String ? document.string(token) : document.raw(token);
    return `"${escaped(replacer.replace(container && strategy === 'partial' ? 'redact' : strategy, 'FIELD', value))}"`;
  }
}

/** The same edits in order, without those inside others and without overlaps. */
function apart(edits: Edit[]): Edit[] {
  if (edits.every((edit, place) => place === 0 || edit.start >= edits[place - 1]!.end)) return edits;
  const ordered = edits.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const result: Edit[] = [];
  for (const edit of ordered) {
    const last = result.at(-1);
    if (last === undefined || edit.start >= last.end) result.push(edit);
    else if (edit.end > last.end) result[result.length - 1] = { ...last, end: edit.end };
  }
  return result;
}

function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
