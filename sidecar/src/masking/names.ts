import type { Strategy } from '@rankguard/contract';
import { KEEP, stricter, type Treatment } from './strategies.ts';

/** Spellings of one name become one: `Social-Security_No` and `socialSecurityNo`. */
export function normaliseName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

export interface NameRule {
  readonly names: readonly string[];
  readonly with: Strategy;
  readonly keepLast?: number;
  readonly values?: boolean;
}

/** What rules by name say about a member. */
export interface NameMatch {
  readonly treatment: Treatment;
  /** Only strings and numbers under it are meant. */
  readonly values: boolean;
}

interface Known {
  readonly bytes: Buffer;
  readonly match: NameMatch | null;
}

/** Member names that this many calls showed are remembered; callers choose them, so there must be an end. */
const REMEMBERED = 2048;
const LONGEST_REMEMBERED = 64;

/** Tells what the rules by name say about a member, from the name's original bytes. */
export class NameMatcher {
  readonly #exact = new Map<string, NameMatch>();
  readonly #patterns: { readonly parts: readonly string[]; readonly match: NameMatch }[] = [];
  readonly #known = new Map<number, Known>();
  readonly empty: boolean;

  constructor(rules: readonly NameRule[]) {
    for (const rule of rules) {
      const treatment = { strategy: rule.with, keep: rule.keepLast ?? KEEP };
      const match = { treatment, values: rule.values ?? false };
      for (const name of rule.names) this.#add(name, match);
    }
    this.empty = this.#exact.size === 0 && this.#patterns.length === 0;
  }

  #add(name: string, match: NameMatch): void {
    const parts = name.split('*').map(normaliseName);
    if (parts.length > 1) this.#patterns.push({ parts, match });
    else this.#exact.set(parts[0]!, both(this.#exact.get(parts[0]!) ?? null, match));
  }

  /** `decode` gives the name when it is not known from its bytes. */
  match(bytes: Buffer, start: number, end: number, decode: () => string): NameMatch | null {
    if (end - start > LONGEST_REMEMBERED) return this.#look(decode());
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const known = this.#known.get(hash);
    if (known !== undefined && same(known.bytes, bytes, start, end)) return known.match;
    const match = this.#look(decode());
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(hash, { bytes: Buffer.from(bytes.subarray(start, end)), match });
    return match;
  }

  #look(name: string): NameMatch | null {
    let found = this.#one(normaliseName(name));
    // `user[ssn]` of a form and `user.ssn` of a flattened document are members named ssn, too.
    const last = LAST_PART.exec(name)?.[1];
    if (last !== undefined) found = both(found, this.#one(normaliseName(last)));
    return found;
  }

  #one(normal: string): NameMatch | null {
    let found = this.#exact.get(normal) ?? null;
    for (const { parts, match } of this.#patterns) if (fits(normal, parts)) found = both(found, match);
    return found;
  }
}

const LAST_PART = /[.[/:]([^.[\]/:]+)\]?$/;

function both(a: NameMatch | null, b: NameMatch): NameMatch;
function both(a: NameMatch | null, b: NameMatch | null): NameMatch | null;
function both(a: NameMatch | null, b: NameMatch | null): NameMatch | null {
  if (a === null || b === null) return a ?? b;
  return { treatment: stricter(a.treatment, b.treatment), values: a.values && b.values };
}

function same(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}

/** Whether a name is these parts with anything between them; looks at each place once. */
function fits(name: string, parts: readonly string[]): boolean {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
