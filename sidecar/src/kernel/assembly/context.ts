// Words near a place that say what stands there.

/** The dictionary: open addressing, entries of 16 bytes (hash, two words of bits, unused). The host fills it. */
const SLOTS: u32 = 2048;
const TABLE = memory.data(2048 * 16, 16);
/** How far words count, in bytes: in front and behind. */
const BEFORE: usize = 64;
const AFTER: usize = 40;
const SEED: u32 = 0x811c9dc5;
const PRIME: u32 = 0x01000193;

let low32: u32 = 0;
let high32: u32 = 0;

/** Address of the dictionary, for the host. */
export function dictionary(): usize { return TABLE; }
export function dictionarySlots(): u32 { return SLOTS; }

@inline function isWordByte(c: u32): bool { return (c | 32) - 97 < 26 || c >= 0x80; }
@inline function step(hash: u32, c: u32): u32 { return (hash ^ (c < 0x80 ? c | 32 : c)) * PRIME; }

@inline function look(hash: u32): void {
  let slot = hash & (SLOTS - 1);
  while (true) {
    const entry = TABLE + (<usize>slot << 4);
    const known = load<u32>(entry);
    if (known == 0) return;
    if (known == hash) { low32 |= load<u32>(entry, 4); high32 |= load<u32>(entry, 8); return; }
    slot = (slot + 1) & (SLOTS - 1);
  }
}

/** Whole words and pairs of words in [p, end), both cut at words' borders within [low, high). */
function words(p: usize, end: usize, low: usize): void {
  // A word that begins in front of the window is no whole word.
  while (p > low && p < end && isWordByte(load<u8>(p - 1)) && isWordByte(load<u8>(p))) p++;
  let before: u32 = 0;
  while (p < end) {
    if (!isWordByte(load<u8>(p))) { p++; continue; }
    let hash = SEED;
    let pair = before;
    while (p < end && isWordByte(load<u8>(p))) {
      const c = <u32>load<u8>(p);
      hash = step(hash, c);
      pair = step(pair, c);
      p++;
    }
    look(hash);
    if (before) look(pair);
    before = step(hash, 0x20);
  }
}

/** Bits of the words near [s, e) in the text [low, high); the lower half is returned, `contextHigh` has the other. */
export function context(s: usize, e: usize, low: usize, high: usize): u32 {
  low32 = 0;
  high32 = 0;
  words(s - low > BEFORE ? s - BEFORE : low, s, low);
  let to = high - e > AFTER ? e + AFTER : high;
  // Not half a word.
  while (to < high && to > e && isWordByte(load<u8>(to)) && isWordByte(load<u8>(to - 1))) to--;
  words(e, to, low);
  return low32;
}

/** The same, and bits of the words within [s, e): all that a place in [s, e) can have near it. */
export function contextAround(s: usize, e: usize, low: usize, high: usize): u32 {
  low32 = 0;
  high32 = 0;
  // Only where a word touches the place does its end make other words.
  if ((s > low && isWordByte(load<u8>(s - 1))) || (e < high && isWordByte(load<u8>(e)))) context(s, e, low, high);
  words(s - low > BEFORE ? s - BEFORE : low, high - e > AFTER ? e + AFTER : high, low);
  return low32;
}

export function contextHigh(): u32 { return high32; }

/** Topics that five to eight digits can be of, set by the host. */
let short: u32 = 0;

export function setShort(bits: u32): void { short = bits; }

/** Topics that say that a number is no card, and those that say it is one, set by the host. */
let against: u32 = 0;
let cards: u32 = 0;

export function setCardWords(no: u32, yes: u32): void { against = no; cards = yes; }

/** Whether words near [s, e) speak against a card and none for it. */
export function isNoCard(s: usize, e: usize, low: usize, high: usize): bool {
  return (context(s, e, low, high) & against) != 0 && (low32 & cards) == 0;
}

/** Whether a word near [s, e) says that few digits there are something. */
export function isNamed(s: usize, e: usize, low: usize, high: usize): bool {
  return (context(s, e, low, high) & short) != 0;
}
