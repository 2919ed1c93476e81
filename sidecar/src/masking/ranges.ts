const WORDS = 4;

/** Parts of one text to be looked at. */
export class Ranges {
  /** Token, start, end, and 1 for a JSON number. */
  words = new Uint32Array(256 * WORDS);
  count = 0;

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
}
