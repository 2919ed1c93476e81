import { valueRange } from '../json/elements.ts';
import { type Edit, type JsonDocument, Kind } from '../json/index.ts';
import { findAdjacent } from './adjacent.ts';
import { type AnyFinding, type Found, mergedParts } from './any-detector.ts';
import { apart } from './apart.ts';
import { distinctKeys } from './keys.ts';
import { DEEPEST, escaped, maySettle, openString, outerEdits } from './nested.ts';
import { wholeNumber } from './numbers.ts';
import { Outline } from './outline.ts';
import type { Judgement } from './plan.ts';
import { Ranges } from './ranges.ts';
import { removalEdits, valueEnd, valueStart } from './removal.ts';
import { SHORTEST } from './scanner.ts';
import { echoEdits, isEchoName, isValueName, namingSibling } from './siblings.ts';
import { stricter, type Treatment } from './strategies.ts';
import { type InsideRule, type Target, Targets, TargetWalk } from './targets.ts';
import { namedEdits } from './text.ts';
import type { Outside, Tools } from './tools.ts';
import type { MaskLabel } from './types.ts';
import { type YamlValue, yamlEdits, yamlValues } from './yaml.ts';

/** Masks one JSON text: the values that `targets` has from paths, and what names and detectors find. Used once. */
export class JsonMasking {
  readonly #tools: Tools;
  readonly #document: JsonDocument;
  readonly #targets: Targets;
  readonly #outside: Outside;
  readonly #opens: boolean;
  readonly #hits: number[] = [];
  /** Findings that are the whole of a value that a rule names. */
  readonly #whole = new Map<number, AnyFinding>();
  readonly #edits: Edit[] = [];
  readonly #keys = new Map<number, Edit[]>();
  readonly #ranges = new Ranges();
  /** Strings that are looked at, and members that repeat a text. */
  readonly #texts: number[] = [];
  readonly #echoes: number[] = [];
  readonly #walk: TargetWalk;
  #madeOutline: Outline | undefined;
  #lastOwner = -2;
  #lastName: string | undefined;

  constructor(tools: Tools, document: JsonDocument, targets: Targets, outside: Outside) {
    this.#tools = tools;
    this.#document = document;
    this.#targets = targets;
    this.#outside = outside;
    this.#walk = new TargetWalk(document, targets);
    this.#opens = outside.depth < DEEPEST && (tools.plan.detects || !tools.plan.names.empty);
  }

  /** Edits that mask the text, ascending and apart. */
  run(): Edit[] {
    const { count } = this.#document;
    for (let token = 0; token < count; ) token = this.#visit(token);
    this.#maskFound();
    if (this.#keys.size > 0) this.#edits.push(...distinctKeys(this.#document, this.#outline, this.#keys));
    this.#maskTargets();
    if (this.#echoes.length > 0 && this.#edits.length > 0) {
      this.#edits.push(...echoEdits(this.#document, this.#outline, this.#echoes, this.#edits));
    }
    return apart(this.#edits);
  }

  get #outline(): Outline {
    this.#madeOutline ??= new Outline(this.#document);
    return this.#madeOutline;
  }

  /** Does what is to be done about a token and returns the next one to visit. */
  #visit(token: number): number {
    const document = this.#document;
    const kind = document.kind(token);
    if (kind === Kind.Key) return this.#visitKey(token);
    if (kind === Kind.Close) return token + 1;
    if (this.#walk.at(token, kind)) return this.#hit(token, kind);
    if (kind === Kind.String) {
      if (this.#outside.depth === 0 && this.#tools.except.has(token)) return token + 1;
      if (!this.#open(token)) this.#scanText(token);
    } else if (kind === Kind.Number) {
      this.#scanNumber(token);
    }
    return token + 1;
  }

  #hit(token: number, kind: Kind): number {
    this.#hits.push(token);
    if (kind === Kind.String) this.#scan(token);
    else if (kind === Kind.Number) this.#scanNumber(token);
    return this.#document.next(token);
  }

  #visitKey(key: number): number {
    const document = this.#document;
    const { names } = this.#tools.plan;
    const start = document.start(key);
    const end = document.end(key);
    if (!names.empty) {
      const rule = names.match(document.bytes, start, end, () => document.string(key));
      if (rule !== null) this.#targets.add(key + 1, rule.treatment, 'FIELD', { values: rule.values });
    }
    if (isEchoName(document.bytes, start, end)) this.#echoes.push(key + 1);
    if (!names.empty && isValueName(document.bytes, start, end)) this.#visitValue(key);
    if (end - start < SHORTEST || !this.#tools.plan.detects) return key + 1;
    const target = this.#targets.values.get(key + 1);
    // The name of a member that goes, goes with it.
    if (target?.treatment.strategy === 'remove' && !target.required && !target.values) return key + 1;
    this.#ranges.add(key, start, end, false);
    return key + 1;
  }

  /** What is said of a name holds for the value beside it. */
  #visitValue(key: number): void {
    const document = this.#document;
    const token = namingSibling(document, this.#outline, key);
    if (token === -1) return;
    const name = () => document.string(token);
    const rule = this.#tools.plan.names.match(
      document.bytes,
      document.start(token),
      document.end(token),
      name,
    );
    if (rule !== null) this.#targets.add(key + 1, rule.treatment, 'FIELD', { values: true });
  }

  /** Looks at a string that holds no JSON; settings in it, as of YAML, are members by their names. */
  #scanText(token: number): void {
    this.#scan(token);
    const { plan, replacer, report, scanner } = this.#tools;
    if (plan.names.empty || !maySettle(this.#document, token)) return;
    const where = () => this.#where(token);
    const text = Buffer.from(this.#document.string(token));
    const inner = namedEdits(text, plan, replacer, (one) => report(one, where));
    if (inner.length > 0) this.#edits.push(...outerEdits(this.#document, token, inner, scanner));
  }

  #scan(token: number): void {
    const start = this.#document.start(token);
    const end = this.#document.end(token);
    if (!this.#tools.plan.detects) return;
    this.#texts.push(token);
    if (end - start >= SHORTEST) this.#ranges.add(token, start, end, false);
  }

  #scanNumber(token: number): void {
    const { plan, detector } = this.#tools;
    if (!plan.detects) return;
    const document = this.#document;
    const start = document.start(token);
    const end = document.end(token);
    const digits = wholeNumber(document.bytes, start, end);
    if (digits === null) return;
    if (digits.length === end - start) {
      this.#ranges.add(token, start, end, true);
      return;
    }
    // Written as no reader would look for it: 4.111e15.
    const field = this.#nameOf(token);
    const [finding] = detector.detectText(digits, { ...(field !== undefined && { field }), isNumber: true });
    if (finding?.start === 0 && finding.end === digits.length) this.#mask({ ...finding, token, start, end });
  }

  #maskFound(): void {
    const { detector } = this.#tools;
    const document = this.#document;
    const nameOf = (token: number) => this.#nameOf(token);
    const found = this.#ranges.count === 0 ? [] : detector.find(document.bytes, this.#ranges, nameOf);
    const split = findAdjacent(document, this.#texts, () => this.#outline, detector, nameOf);
    for (const finding of mergedParts(found, split)) this.#mask(finding);
  }

  #mask(finding: Found): void {
    const judged = this.#tools.plan.judge(finding);
    if (judged === null) return;
    const { token } = finding;
    const target = this.#targets.size === 0 ? undefined : this.#targets.values.get(token);
    if (target !== undefined) {
      this.#strengthen(token, target, finding, judged);
      return;
    }
    this.#report(token, finding, judged);
    const kind = this.#document.kind(token);
    const edit = this.#editOf(token, kind, finding, judged);
    if (kind !== Kind.Key) {
      this.#edits.push(edit);
      return;
    }
    const edits = this.#keys.get(token) ?? [];
    edits.push(edit);
    this.#keys.set(token, edits);
  }

  /** Masks inside a string that holds JSON; false when it is to be looked at as text. */
  #open(token: number): boolean {
    const inside = this.#targets.inside.get(token) ?? [];
    if (!this.#opens && inside.length === 0) return false;
    const { depth } = this.#outside;
    const nested = openString(this.#document, token, () => this.#tools.nestedReader(depth));
    if (nested.kind === 'text') {
      if (inside.length > 0) this.#maskYaml(token, inside);
      return false;
    }
    if (nested.kind === 'ambiguous') {
      this.#targets.add(token, { strategy: 'redact', keep: 0 }, 'FIELD');
      this.#hits.push(token);
      return true;
    }
    const targets = new Targets();
    targets.addInside(nested.document, inside);
    const outside = {
      depth: depth + 1,
      name: this.#nameOf(token),
      where: () => `${this.#where(token)}`,
    };
    const inner = new JsonMasking(this.#tools, nested.document, targets, outside).run();
    if (inner.length > 0) this.#edits.push(...outerEdits(this.#document, token, inner, this.#tools.scanner));
    return true;
  }

  /** Masks what rules name in a string that is a YAML mapping. */
  #maskYaml(token: number, rules: readonly InsideRule[]): void {
    const text = this.#document.string(token);
    const values = yamlValues(text, rules, this.#tools.yaml);
    if (values.length === 0) return;
    const edits = yamlEdits(text, values, (value) => this.#yamlText(token, value));
    this.#edits.push(...outerEdits(this.#document, token, edits, this.#tools.scanner));
  }

  #yamlText(token: number, { text, isContainer, rule: { treatment, label } }: YamlValue): string {
    const { strategy } = treatment;
    const reason = label === 'POLICY' ? 'policy' : 'field';
    const { start, end } = valueRange(this.#document, token);
    this.#tools.report({ label, start, end, score: 1, reason, strategy }, () => this.#where(token));
    if (strategy === 'null' || strategy === 'remove') return 'null';
    // Part of a value may be kept only where no detector finds anything in it.
    const whole = isContainer || this.#tools.detector.detectText(text).length > 0;
    const applied =
      strategy === 'partial' && whole ? { ...treatment, strategy: 'redact' as const } : treatment;
    return JSON.stringify(this.#replace(applied, 'FIELD', text));
  }

  /** The name of the member that holds a value, through arrays; a key has none. */
  #nameOf(token: number): string | undefined {
    if (this.#document.kind(token) === Kind.Key) return undefined;
    const owner = this.#outline.owner(token);
    if (owner === -1) return this.#outside.name;
    // Many values of an array have one owner.
    if (owner !== this.#lastOwner) {
      this.#lastOwner = owner;
      this.#lastName = this.#document.string(this.#namingToken(owner));
    }
    return this.#lastName;
  }

  #namingToken(owner: number): number {
    const document = this.#document;
    if (!isValueName(document.bytes, document.start(owner), document.end(owner))) return owner;
    const naming = namingSibling(document, this.#outline, owner);
    return naming === -1 ? owner : naming;
  }

  /** A rule for a field never keeps more of a value than the detector's rule would. */
  #strengthen(token: number, target: Target, finding: AnyFinding, judged: Judgement): void {
    target.treatment = stricter(target.treatment, judged.treatment);
    if (finding.start === this.#document.start(token) && finding.end === this.#document.end(token)) {
      this.#whole.set(token, finding);
    }
  }

  #editOf(token: number, kind: Kind, { start, end }: AnyFinding, judged: Judgement): Edit {
    const document = this.#document;
    const { strategy } = judged.treatment;
    if (strategy === 'null' && kind !== Kind.Key) {
      const whole = start === document.start(token) && end === document.end(token);
      if (whole) return { start: valueStart(document, token), end: valueEnd(document, token), with: 'null' };
    }
    const text = escaped(
      judged.fixed ?? this.#replace(judged.treatment, judged.entity, this.#textOf(start, end)),
    );
    return { start, end, with: kind === Kind.Number ? `"${text}"` : text };
  }

  #replace(treatment: Treatment, label: MaskLabel, value: string): string {
    const { replacer, issued } = this.#tools;
    const made = replacer.replace(treatment, label, value);
    const { strategy } = treatment;
    if (issued !== null && (strategy === 'token' || strategy === 'surrogate')) issued.set(made, value);
    return made;
  }

  /** What bytes of a string mean; findings hold whole escapes only. */
  #textOf(start: number, end: number): string {
    const text = this.#document.bytes.toString('utf8', start, end);
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
  }

  #report(token: number, { start, end, score, reason }: AnyFinding, { entity, treatment }: Judgement): void {
    const { strategy } = treatment;
    this.#tools.report({ label: entity, start, end, score, reason, strategy }, () => this.#where(token));
  }

  #where(token: number): string {
    return this.#outline.path(
      token,
      this.#outside.where(),
      (key) => this.#tools.detector.detectText(key).length > 0,
    );
  }

  #maskTargets(): void {
    const document = this.#document;
    const removed: number[] = [];
    for (const token of this.#hits) {
      const target = this.#targets.values.get(token)!;
      const { strategy } = target.treatment;
      // A null holds nothing; only its member can go.
      if (document.isNull(token) && strategy !== 'remove') continue;
      const start = valueStart(document, token);
      const end = valueEnd(document, token);
      const reason = target.label === 'POLICY' ? 'policy' : 'field';
      this.#tools.report({ label: target.label, start, end, score: 1, reason, strategy }, () =>
        this.#where(token),
      );
      if (strategy === 'remove' && !target.required && token > 0) removed.push(token);
      else this.#edits.push({ start, end, with: this.#targetText(token, target) });
    }
    if (removed.length > 0) this.#edits.push(...removalEdits(document, this.#outline, removed));
  }

  /** The JSON value in the place of a target. */
  #targetText(token: number, { treatment, required, values }: Target): string {
    const { strategy } = treatment;
    if (strategy === 'null' || strategy === 'remove')
      return strategy === 'remove' && required ? '""' : 'null';
    const document = this.#document;
    const kind = document.kind(token);
    const entity = this.#whole.get(token)?.entity;
    if (entity !== undefined && (values || strategy === 'token' || strategy === 'surrogate')) {
      const text = this.#textOf(document.start(token), document.end(token));
      return `"${escaped(this.#replace(treatment, entity, text))}"`;
    }
    const container = kind === Kind.Object || kind === Kind.Array;
    const value = kind === Kind.String ? document.string(token) : document.raw(token);
    const applied =
      container && strategy === 'partial' ? { ...treatment, strategy: 'redact' as const } : treatment;
    return `"${escaped(this.#replace(applied, 'FIELD', value))}"`;
  }
}
