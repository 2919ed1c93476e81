import type { Entity, Strategy } from '@rankguard/contract';
import { type Edit, type JsonDocument, type JsonReader, Kind } from '../json/index.ts';
import { distinctKeys } from './keys.ts';
import { namesSsn } from './names.ts';
import { DEEPEST, escaped, openString, outerEdits } from './nested.ts';
import { Outline } from './outline.ts';
import type { Plan } from './plan.ts';
import { removalEdits, valueEnd, valueStart } from './removal.ts';
import { type Finding, Ranges, type Scanner, SHORTEST, SHORTEST_NUMBER } from './scanner.ts';
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

/** What is to be done about a finding; undefined when the profile does not ask for any of its entities. */
export function judge(plan: Plan, finding: Finding): { entity: Entity; strategy: Strategy } | undefined {
  let entity: Entity | undefined;
  let strategy: Strategy | undefined;
  for (const kind of finding.all) {
    const asked = plan.detectors.get(kind);
    if (asked === undefined) continue;
    strategy = strategy === undefined ? asked : stricter(strategy, asked);
    if (entity === undefined || kind === finding.kind) entity = kind;
  }
  return entity === undefined || strategy === undefined ? undefined : { entity, strategy };
}

/** The text for a finding, before it is escaped for where it goes. */
export function replacement(
  tools: Tools,
  bytes: Buffer,
  finding: Finding,
  entity: Entity,
  strategy: Strategy,
) {
  const needed = strategy === 'token' || strategy === 'partial';
  const value = needed ? tools.scanner.fold(bytes.subarray(finding.start, finding.end)) : '';
  return tools.replacer.replace(strategy, entity, value);
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
    this.#opens = depth < DEEPEST && (tools.plan.detectors.size > 0 || !tools.plan.names.empty);
  }

  /** Edits that mask the text, ascending and apart. */
  run(): Edit[] {
    const { count } = this.#document;
    for (let token = 0; token < count; ) token = this.#visit(token);
    if (this.#tools.plan.detectors.size > 0) {
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
    return owner === -1 ? this.#sensitive() : namesSsn(this.#document.string(owner));
  }

  #maskFindings(findings: readonly Finding[]): void {
    const keys = new Map<number, Edit[]>();
    for (const found of findings) {
      const finding = found.kind === 'WEAK_SSN' ? this.#promote(found) : found;
      const judged = finding === undefined ? undefined : judge(this.#tools.plan, finding);
      if (finding === undefined || judged === undefined) continue;
      const target = this.#targets.values.get(finding.token);
      if (target !== undefined) {
        this.#strengthen(target, finding, judged);
        continue;
      }
      const edit = this.#editOf(finding, judged);
      this.#tools.count(judged.entity);
      if (this.#document.kind(finding.token) !== Kind.Key) {
        this.#edits.push(edit);
        continue;
      }
      const edits = keys.get(finding.token);
      if (edits === undefined) keys.set(finding.token, [edit]);
      else edits.push(edit);
    }
    if (keys.size > 0) this.#edits.push(...distinctKeys(this.#document, this.#outline, keys));
  }

  /** Nine digits under a name that says SSN. */
  #promote(finding: Finding): Finding | undefined {
    if (this.#document.kind(finding.token) === Kind.Key || !this.#isSensitive(finding.token))
      return undefined;
    return { ...finding, kind: 'US_SSN', all: ['US_SSN'] };
  }

  /** A rule for a field never keeps more of a value than the detector's rule would. */
  #strengthen(target: Target, finding: Finding, judged: { entity: Entity; strategy: Strategy }): void {
    target.strategy = stricter(target.strategy, judged.strategy);
    const { token, start, end } = finding;
    if (start === this.#document.start(token) && end === this.#document.end(token)) {
      this.#entities.set(token, judged.entity);
    }
  }

  #editOf(finding: Finding, { entity, strategy }: { entity: Entity; strategy: Strategy }): Edit {
    const document = this.#document;
    const { token, start, end } = finding;
    const text = escaped(replacement(this.#tools, document.bytes, finding, entity, strategy));
    const kind = document.kind(token);
    const whole = start === document.start(token) && end === document.end(token);
    if (strategy === 'null' && whole && kind !== Kind.Key) {
      return { start: valueStart(document, token), end: valueEnd(document, token), with: 'null' };
    }
    return { start, end, with: kind === Kind.Number ? `"${text}"` : text };
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
function apart(edits: readonly Edit[]): Edit[] {
  const ordered = [...edits].sort((a, b) => a.start - b.start || b.end - a.end);
  const result: Edit[] = [];
  for (const edit of ordered) {
    const last = result.at(-1);
    if (last === undefined || edit.start >= last.end) result.push(edit);
    else if (edit.end > last.end) result[result.length - 1] = { ...last, end: edit.end };
  }
  return result;
}
