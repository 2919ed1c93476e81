import { ENTITIES, type Entity } from '@rankguard/contract';

const NUMBERS = new Map(ENTITIES.map((entity, place) => [entity, place + 1] as const));
/** Entities that one finding names; more never overlap in practice, and the longest come first. */
const MOST_NAMES = 4;
const WORDS = 4;

/** The number of an entity in a finding's kinds; the kernel's own three are the first. */
export const numberOf = (entity: Entity): number => NUMBERS.get(entity)!;

/** Kinds of a finding from the numbers of its entities, the one that names it first: a byte for each. */
export function kindsOf(numbers: readonly number[]): number {
  let kinds = 0;
  for (let at = 0; at < Math.min(numbers.length, MOST_NAMES); at++) kinds |= numbers[at]! << (8 * at);
  return kinds >>> 0;
}

/** The entities of a finding: first the one that names it. */
export function entitiesOf(kinds: number): Entity[] {
  const entities: Entity[] = [];
  for (let rest = kinds >>> 0; rest !== 0; rest >>>= 8) {
    const entity = ENTITIES[(rest & 0xff) - 1];
    if (entity !== undefined) entities.push(entity);
  }
  return entities;
}

/** Why a finding counts. */
export interface Why {
  readonly score: number;
  readonly reason: string;
}
const SETTLED: Why = { score: 1, reason: 'checksum' };

/** What was found, by number. Kept as numbers: a dense body has thousands. */
export class Findings {
  #words = new Uint32Array(64 * WORDS);
  readonly #why = new Map<number, Why>();
  count = 0;

  add(token: number, start: number, end: number, kinds: number, why?: Why): void {
    const at = this.count * WORDS;
    if (at === this.#words.length) {
      const wider = new Uint32Array(at * 2);
      wider.set(this.#words);
      this.#words = wider;
    }
    this.#words[at] = token;
    this.#words[at + 1] = start;
    this.#words[at + 2] = end;
    this.#words[at + 3] = kinds;
    if (why !== undefined) this.#why.set(this.count, why);
    this.count++;
  }

  token(finding: number): number {
    return this.#words[finding * WORDS]!;
  }
  start(finding: number): number {
    return this.#words[finding * WORDS + 1]!;
  }
  end(finding: number): number {
    return this.#words[finding * WORDS + 2]!;
  }
  /** See {@link entitiesOf}. */
  kinds(finding: number): number {
    return this.#words[finding * WORDS + 3]!;
  }
  why(finding: number): Why {
    return this.#why.get(finding) ?? SETTLED;
  }
}
