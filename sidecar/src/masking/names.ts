import type { Strategy } from '@rankguard/contract';
import { stricter } from './strategies.ts';

/** Spellings of one name become one: `Social-Security_No` and `socialSecurityNo`. */
export function normaliseName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[_\-\s.]/g, '');
}

export interface NameRule {
  readonly names: readonly string[];
  readonly with: Strategy;
}

interface Known {
  readonly bytes: Buffer;
  readonly strategy: Strategy | null;
}

/** Member names that this many calls showed are remembered; callers choose them, so there must be an end. */
const REMEMBERED = 2048;
const LONGEST_REMEMBERED = 64;

/** Tells what the rules by name say about a member, from the name's original bytes. */
export class NameMatcher {
  readonly #exact = new Map<string, Strategy>();
  readonly #patterns: { readonly parts: readonly string[]; readonly strategy: Strategy }[] = [];
  readonly #known = new Map<number, Known>();
  readonly empty: boolean;

  constructor(rules: readonly NameRule[]) {
    for (const rule of rules) {
      for (const name of rule.names) this.#add(name, rule.with);
    }
    this.empty = this.#exact.size === 0 && this.#patterns.length === 0;
  }

  #add(name: string, strategy: Strategy): void {
    const parts = name.split('*').map(normaliseName);
    if (parts.length > 1) {
      this.#patterns.push({ parts, strategy });
      return;
    }
    const before = this.#exact.get(parts[0]!);
    this.#exact.set(parts[0]!, before === undefined ? strategy : stricter(before, strategy));
  }

  /** `decode` gives the name when it is not known from its bytes. */
  match(bytes: Buffer, start: number, end: number, decode: () => string): Strategy | null {
    if (end - start > LONGEST_REMEMBERED) return this.#look(decode());
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const known = this.#known.get(hash);
    if (known !== undefined && same(known.bytes, bytes, start, end)) return known.strategy;
    const strategy = this.#look(decode());
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(hash, { bytes: Buffer.from(bytes.subarray(start, end)), strategy });
    return strategy;
  }

  #look(name: string): Strategy | null {
    const normal = normaliseName(name);
    let found = this.#exact.get(normal) ?? null;
    for (const { parts, strategy } of this.#patterns) {
      if (fits(normal, parts)) found = found === null ? strategy : stricter(found, strategy);
    }
    return found;
  }
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

/** Whether a member's name says that nine digits under it are a social security number. */
export function namesSsn(name: string): boolean {
  const words = name
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => word.startsWith('ssn')) || /social(?:sec|ins)|socsec/.test(normaliseName(name));
}
