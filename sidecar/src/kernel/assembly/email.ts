// E-mail addresses around an `@` of a view: RFC 5321 mailboxes, internationalised ones (RFC 6531) too.
import { EMAIL, emit } from './findings';
import { after, utf8 } from './fold';

/** RFC 5321 `atext` and the dot. */
const LOCAL = memory.data<u32>([0, 0xa3ffecfa, 0xc7fffffe, 0x7fffffff]);

@inline function isLocal(c: u32): bool {
  return c < 0x80 && ((load<u32>(LOCAL + (<usize>(c >> 5) << 2)) >> (c & 31)) & 1) != 0;
}
@inline function isLetter(c: u32): bool { return (c | 32) - 97 < 26; }
@inline function isWord(c: u32): bool { return (c | 32) - 97 < 26 || c - 48 < 10; }

const OTHER: u32 = 0;
const LETTER: u32 = 1;
/** Letters of scripts that write no spaces between words: prose may touch a value. */
const UNSPACED: u32 = 2;

function classOf(cp: u32): u32 {
  if (cp < 0xc0) return cp == 0xaa || cp == 0xb5 || cp == 0xba ? LETTER : OTHER;
  if (cp == 0xd7 || cp == 0xf7) return OTHER;
  if (cp < 0xe00) return LETTER;
  if (cp < 0x1100) return cp < 0xf00 || (cp >= 0x1000 && cp < 0x10a0) ? UNSPACED : LETTER;
  if (cp < 0x1200) return UNSPACED;
  if (cp < 0x2000) return cp >= 0x1780 && cp < 0x1800 ? UNSPACED : LETTER;
  if (cp < 0x2e80) return cp >= 0x2c00 && cp < 0x2e00 ? LETTER : OTHER;
  if (cp < 0x3040) return cp == 0x3005 || cp == 0x3007 ? UNSPACED : OTHER;
  if (cp < 0xd800) return cp < 0xa4d0 || cp >= 0xac00 ? UNSPACED : LETTER;
  if (cp < 0xf900) return OTHER;
  if (cp < 0xfb00) return UNSPACED;
  if (cp < 0xfe00) return LETTER;
  if (cp < 0x10000) return cp >= 0xff66 && cp <= 0xffdc ? UNSPACED : cp >= 0xfe70 && cp < 0xff00 ? LETTER : OTHER;
  if (cp >= 0x20000 && cp < 0x40000) return UNSPACED;
  return cp < 0x1d000 ? LETTER : OTHER;
}

/** First byte of the character that ends before p. */
function back(p: usize, low: usize): usize {
  let q = p - 1;
  while (q > low && p - q < 4 && (load<u8>(q) & 0xc0) == 0x80) q--;
  return q;
}

/** Opening quote of a quoted local part whose closing quote is at p, or 0. */
function openingQuote(p: usize, low: usize): usize {
  // RFC 5321 4.5.3.1.1: a local part has at most 64 octets.
  const limit = p - low > 66 ? p - 66 : low;
  for (let q = p; q > limit;) {
    q--;
    const c = load<u8>(q);
    if (c < 0x20) return 0;
    if (c == 0x22 && (q == low || load<u8>(q - 1) != 0x5c)) return q + 1 < p ? q : 0;
  }
  return 0;
}

/** Start of the local part that ends at the `@`, or the `@` itself when there is none. */
function localStart(at: usize, low: usize): usize {
  if (at > low && load<u8>(at - 1) == 0x22) {
    const quote = openingQuote(at - 1, low);
    if (quote) return quote;
  }
  let p = at;
  let unspaced = true, simple = true;
  while (p > low) {
    const c = <u32>load<u8>(p - 1);
    if (isWord(c)) { p--; unspaced = false; continue; }
    if (isLocal(c)) { p--; unspaced = false; if (c != 0x2e) simple = false; continue; }
    if (c < 0x80) break;
    const q = back(p, low);
    const kind = classOf(utf8(q, p));
    // In `联系joe@…` only joe belongs to the address; in `联系@…` all of it may.
    if (kind == OTHER || (kind == UNSPACED && !unspaced)) break;
    if (kind == LETTER) unspaced = false;
    p = q;
  }
  return simple && p < at && load<u8>(p) != 0x2e ? p : trimLocal(p, at);
}

/** Cuts what stands before an address in quotes, URLs and `name=value` lists; it never cuts into the name itself. */
function trimLocal(p: usize, at: usize): usize {
  let cut = p;
  let slash = false, parameter = true;
  for (let q = p; q < at; q++) {
    const c = <u32>load<u8>(q);
    if (c == 0x3f || c == 0x26) parameter = true;
    else if (c == 0x2f) { slash = true; parameter = false; }
    else if (c == 0x3d && parameter && q + 1 < at) { cut = q + 1; parameter = false; }
    else if (!isWord(c) && c != 0x5f && c != 0x2d && c != 0x2e) parameter = false;
  }
  // `//host/path/joe@…`: the address is the last segment.
  if (slash && cut == p && at - p > 2 && load<u8>(p) == 0x2f && load<u8>(p + 1) == 0x2f) {
    for (let q = p; q < at; q++) if (load<u8>(q) == 0x2f && q + 1 < at) cut = q + 1;
  }
  while (cut < at) {
    const c = <u32>load<u8>(cut);
    if (isWord(c) || c >= 0x80) return cut;
    cut++;
  }
  return at;
}

/** End of the domain that begins at p, or 0 when no name with a top-level domain of letters is there. */
function domainEnd(p: usize, end: usize): usize {
  let q = p;
  let dots: u32 = 0, letters: u32 = 0;
  // The last dot behind what is a whole domain already: a sentence may end there (its full stop is folded to a dot).
  let whole: usize = 0;
  while (q < end) {
    const c = <u32>load<u8>(q);
    if (c == 0x2e) { whole = dots > 0 && letters > 1 ? q : 0; dots++; letters = 0; q++; continue; }
    if (isWord(c) || c == 0x2d || c == 0x5f) { letters = isLetter(c) ? letters + 1 : 0; q++; continue; }
    if (c < 0x80) break;
    const kind = classOf(utf8(q, end));
    if (kind == OTHER || (kind == UNSPACED && dots > 0 && letters > 1)) break;
    if (kind == UNSPACED && whole + 1 == q) { q = whole; break; }
    letters = 0;
    q = after();
  }
  return withTopLevel(p, q);
}

/** The longest part of the dotted name [p, q) that ends in a top-level domain of two or more letters. */
function withTopLevel(p: usize, q: usize): usize {
  while (q > p) {
    let dot = q;
    while (dot > p && load<u8>(dot - 1) != 0x2e) dot--;
    // `dot` is where the last label begins.
    if (dot <= p + 1) return 0;
    if (q - dot >= 5 && (load<u32>(dot) | 0x00002020) == 0x2d2d6e78) {
      while (q > dot && !isWord(load<u8>(q - 1))) q--;
      return q;
    }
    let letter = dot;
    while (letter < q && (isLetter(load<u8>(letter)) || load<u8>(letter) >= 0x80)) letter++;
    if (letter - dot >= 2) return letter;
    q = dot - 1;
  }
  return 0;
}

/** The address around the `@` at `at`, if there is one. */
export function email(at: usize, low: usize, end: usize): void {
  const start = localStart(at, low);
  if (start == at || at + 4 > end) return;
  const stop = domainEnd(at + 1, end);
  if (stop) emit(EMAIL, start, stop);
}
