// Signs that a text may say more than it shows: the host makes a further view of it only when it has one.

/** Marks of formatting, which a reader does not see. */
const MARKED: u32 = 1;
/** Characters in another spelling. */
const SPELLED: u32 = 2;
const ALL: u32 = 3;

/**
 * A byte is a candidate when an entry of its low half and one of its high half have a bit in common:
 * `%&(*+` have 1, `<=` 2, `[\_` 4, the grave accent 8, `{~` 16, `@` 32.
 */
const LOW = memory.data<u8>([40, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1, 21, 6, 2, 16, 4]);
const HIGH = memory.data<u8>([0, 0, 1, 2, 32, 4, 8, 16, 0, 0, 0, 0, 0, 0, 0, 0]);
@inline function isOctal(c: u32): bool { return c - 48 < 8; }

/** Behind a backslash at p. */
function escapeSign(p: usize): u32 {
  const c = <u32>load<u8>(p, 1);
  if (c == 0x78 || c == 0x58) return SPELLED;
  if (c == 0x30 || c == 0x31) return isOctal(load<u8>(p, 2)) && isOctal(load<u8>(p, 3)) ? SPELLED : 0;
  if (c == 0x55) return load<u16>(p, 2) == 0x3030 ? SPELLED : 0;
  if (c != 0x75) return 0;
  // One and two are read by the folded view.
  if (load<u16>(p - 2) == 0x5c5c && load<u16>(p, 2) == 0x3030) return SPELLED;
  if (load<u8>(p, 2) == 0x7b) return SPELLED;
  return (load<u32>(p, 2) | 0x20000000) == 0x63333030 ? MARKED : 0;
}

/** `at` or `dot` behind a bracket. */
function bracketSign(p: usize): u32 {
  if (load<u8>(p, 1) == 0x20) p++;
  const first = <u32>load<u16>(p, 1) | 0x2020;
  return first == 0x7461 || (first == 0x6f64 && (load<u8>(p, 3) | 0x20) == 0x74) ? SPELLED : 0;
}

@inline function isBlank(c: u32): bool { return c == 0x20 || c == 9; }

@inline function isUpperHex(c: u32): bool { return c - 48 < 10 || c - 65 < 6; }

/** Two hexadecimal digits of a printable character at p. */
@inline function isQuoted(p: usize): bool { return <u32>load<u8>(p) - 0x32 < 6 && isUpperHex(load<u8>(p, 1)); }

/** Behind a `=` at p: quoted printable (RFC 2045 section 6.7) of a mark, or of two characters near each other. */
function equalsSign(p: usize): u32 {
  if (!isQuoted(p + 1)) return 0;
  const pair = <u32>load<u16>(p, 1);
  // `-./:@+_`
  if (pair == 0x4432 || pair == 0x4532 || pair == 0x4632 || pair == 0x4133 || pair == 0x3034 || pair == 0x4232 || pair == 0x4635) return SPELLED;
  for (let q = p + 3; q < p + 16; q++) if (load<u8>(q) == 0x3d && isQuoted(q + 1)) return SPELLED;
  return 0;
}

function signAt(p: usize): u32 {
  const c = <u32>load<u8>(p);
  switch (c) {
    case 0x2a: case 0x3c: case 0x60: return MARKED;
    case 0x5f: case 0x7e: return load<u8>(p, 1) == c ? MARKED : 0;
    case 0x5c: return escapeSign(p);
    case 0x25: return load<u16>(p, 1) == 0x3532 || load<u8>(p, 1) == 0x42 ? SPELLED : 0;
    case 0x26: return load<u8>(p, 1) == 0x23 || load<u32>(p, 1) == 0x3b706d61 ? SPELLED : 0;
    case 0x3d: return equalsSign(p);
    case 0x2b: return load<u32>(p, 1) == 0x2d414541 ? SPELLED : 0;
    case 0x28: case 0x5b: case 0x7b: return bracketSign(p);
    case 0x40: return isBlank(load<u8>(p, 1)) && isBlank(load<u8>(p - 1)) ? SPELLED : 0;
    default: return 0;
  }
}

/** The signs in [p, end), as they stand there. Reads a byte before and up to 32 behind, which never hide a sign. */
export function signsIn(p: usize, end: usize): u32 {
  const low = v128.load(LOW), high = v128.load(HIGH);
  let signs: u32 = 0;
  for (; p < end; p += 16) {
    const v = v128.load(p);
    // Places from 16 on are 0: a byte beyond ASCII has no class.
    const seen = v128.and(i8x16.swizzle(low, v128.and(v, i8x16.splat(15))), i8x16.swizzle(high, i8x16.shr_u(v, 4)));
    if (!v128.any_true(seen)) continue;
    let here = <u32>i8x16.bitmask(i8x16.ne(seen, i8x16.splat(0)));
    if (end - p < 16) here &= (<u32>1 << <u32>(end - p)) - 1;
    while (here) {
      signs |= signAt(p + ctz(here));
      if (signs == ALL) return signs;
      here &= here - 1;
    }
  }
  return signs;
}
