const WORDS = 4;

/** Signs that a further view of a part says more than the part itself, as kernel/assembly/signs.ts numbers them. */
export const Sign = {
  /** Marks of formatting. */
  Marked: 1,
  /** Characters in another spelling. */
  Spelled: 2,
} as const;

/** Parts of one text to be looked at. */
export class Ranges {
  /** Token, start, end, and 1 for a JSON number. */
  words = new Uint32Array(32 * WORDS);
  count = 0;
  /** Which signs each part has; written by whoever looks at the parts, so that nobody else reads all of them. */
  signs = new Uint32Array(0);

  add(token: number, start: number, end: number, isNumber: boolean): void {
    const at = this.count * WORDS;
    if (at === this.words.length) {
      const wider = new Uint32Array(at * 2);
      wider.set(this.words);
      this.words = wider;
    }
    this.words[at] = token;
    this.words[at + 1] = start;
    this.words[at + 2] = end;
    this.words[at + 3] = isNumber ? 1 : 0;
    this.count++;
  }

  has(sign: number): boolean {
    const { signs, count } = this;
    for (let part = 0; part < count; part++) if ((signs[part]! & sign) !== 0) return true;
    return false;
  }

  /** The parts that are texts and have the sign. */
  *withSign(
    sign: number,
  ): Generator<{ readonly token: number; readonly start: number; readonly end: number }> {
    const { words, signs, count } = this;
    for (let part = 0; part < count; part++) {
      if ((signs[part]! & sign) === 0) continue;
      const at = part * WORDS;
      yield { token: words[at]!, start: words[at + 1]!, end: words[at + 2]! };
    }
  }
}
