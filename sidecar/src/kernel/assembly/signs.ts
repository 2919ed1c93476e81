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
/** Digits whose pairs `40`, `64` and `10` may be a byte written by itself. */
const DIGITS = memory.data<u8>([0x30, 0x31, 0x34, 0x36]);

/** What stands before and behind a byte that is written by itself. */
@inline function isBeside(c: u32): bool {
  return c == 0x20 || c == 0x3a || c == 0x2c || c == 0x2d || c == 0x78;
}

/** Behind a backslash at p. */
function escapeSign(p: usize): u32 {
  const c = <u32>load<u8>(p, 1);
  if (c == 0x78 || c == 0x58) return SPELLED;
  if (c == 0x31) return load<u16>(p, 2) == 0x3030 ? SPELLED : 0;
  if (c != 0x75) return 0;
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

function digitSign(p: usize, c: u32): u32 {
  if (c == 0x31) return load<u8>(p - 1) == 0x30 && load<u32>(p, 1) == 0x30303030 && load<u16>(p, 5) == 0x3030 ? SPELLED : 0;
  return isBeside(load<u8>(p - 1)) && isBeside(load<u8>(p, 2)) ? SPELLED : 0;
}

function signAt(p: usize): u32 {
  const c = <u32>load<u8>(p);
  switch (c) {
    case 0x2a: case 0x3c: case 0x60: return MARKED;
    case 0x5f: case 0x7e: return load<u8>(p, 1) == c ? MARKED : 0;
    case 0x5c: return escapeSign(p);
    case 0x25: return load<u16>(p, 1) == 0x3532 || load<u8>(p, 1) == 0x42 ? SPELLED : 0;
    case 0x26: return load<u8>(p, 1) == 0x23 || load<u32>(p, 1) == 0x3b706d61 ? SPELLED : 0;
    case 0x3d: return load<u16>(p, 1) == 0x3034 ? SPELLED : 0;
    case 0x2b: return load<u32>(p, 1) == 0x2d414541 ? SPELLED : 0;
    case 0x28: case 0x5b: case 0x7b: return bracketSign(p);
    case 0x40: return isBlank(load<u8>(p, 1)) && isBlank(load<u8>(p - 1)) ? SPELLED : 0;
    default: return digitSign(p, c);
  }
}

/** The signs in [p, end), as they stand there. Reads a byte before and up to 32 behind, which never hide a sign. */
export function signsIn(p: usize, end: usize): u32 {
  const low = v128.load(LOW), high = v128.load(HIGH);
  const zero = v128.load8_splat(DIGITS), one = v128.load8_splat(DIGITS + 1);
  const four = v128.load8_splat(DIGITS + 2), six = v128.load8_splat(DIGITS + 3);
  let signs: u32 = 0;
  for (; p < end; p += 16) {
    const v = v128.load(p);
    const next = v128.load(p, 1);
    const pair = v128.or(
      v128.and(i8x16.eq(next, zero), v128.or(i8x16.eq(v, four), i8x16.eq(v, one))),
      v128.and(i8x16.eq(next, four), i8x16.eq(v, six)),
    );
    // Places from 16 on are 0: a byte beyond ASCII has no class.
    const classes = v128.and(i8x16.swizzle(low, v128.and(v, i8x16.splat(15))), i8x16.swizzle(high, i8x16.shr_u(v, 4)));
    const seen = v128.or(pair, classes);
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
