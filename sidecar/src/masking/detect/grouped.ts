import { CLASS, DIGIT, isAlnum } from './bytes.ts';
import { luhn } from './checksums.ts';
import type { Text } from './place.ts';
import { meets, topics } from './words.ts';

/** Signs that also stand between numbers of a list: groups apart by them are one number if no list has their form. */
const LISTING = new Set([...',;|='].map((sign) => sign.charCodeAt(0)));
const COMMA = 0x2c;
/** Signs that the pass over the bytes knows by itself. */
const USUAL = new Set([...' -.'].map((sign) => sign.charCodeAt(0)));
const MOST_GROUPS = 5;
/** Bytes of one separator: ` / `, or one sign outside ASCII. */
const LONGEST_GAP = 3;
const CARD = topics('CARD');
const SSN = topics('SSN');
/** Groups of 4-4-4-1 to 4-4-4-4-3, and 4-6-5 and 4-6-4. */
const CARD_SHAPE = /^(?:444[1-7]|4444[1-3]|46[45])$/;
const LIST_SHAPE = '4444';
/** A number of sixteen digits with its thousands apart. */
const THOUSANDS = /^(\d(?:,\d{3}){5})(?![\d,])/;
/** What stands in front of an amount. */
const CURRENCY = /[$\u00a3\u00a5\u20ac]\s?$|[A-Z]{3}\s?$/;
const SSN_SHAPE = '324';
/** ISO/IEC 7812: issuers of payment cards. */
const ISSUER = /^(?:4|5[0-8]|2[2-7]|3[0-9]|6)/;
/** Groups that end in zeros are amounts. */
const ROUND = /^(?:..00){4}$/;
/** The ranges of the largest: Visa, Mastercard, Discover, UnionPay. */
const LARGE_ISSUER = /^(?:4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|6011|62|64[4-9]|65)/;

interface Groups {
  readonly shape: string;
  readonly compact: string;
  readonly end: number;
  readonly listing: boolean;
}

/** Cards and social security numbers in groups that stand apart by other signs than usual: `4111/1111/1111/1111`. */
export function findGrouped(text: Text, at: number): void {
  const groups = groupsAt(text, at);
  if (groups === undefined) {
    if (text.buffer[at + 1] === COMMA) findThousands(text, at);
    else findNamedCard(text, at);
    return;
  }
  const { shape, compact, end, listing } = groups;
  if (CARD_SHAPE.test(shape) && text.wants('CREDIT_CARD')) {
    if (!ISSUER.test(compact) || !luhn(compact)) return;
    const likely = !listing || (shape === LIST_SHAPE && LARGE_ISSUER.test(compact) && !ROUND.test(compact));
    if (likely || meets(text.topics(at, end), CARD)) text.report('CREDIT_CARD', at, end, 0.9, 'checksum');
  } else if (shape === SSN_SHAPE && text.wants('US_SSN') && meets(text.topics(at, end), SSN)) {
    if (!/^(?:000|666|9)|^...00|0000$/.test(compact)) text.report('US_SSN', at, end, 0.9, 'context');
  }
}

/** `4,111,111,…`: what a spreadsheet makes of a card. Amounts of that size have a currency in front. */
function findThousands(text: Text, at: number): void {
  const { low, high } = text;
  if (
    !text.wants('CREDIT_CARD') ||
    (at > low && (isAlnum(text.buffer[at - 1]!) || text.buffer[at - 1] === COMMA))
  )
    return;
  const number = THOUSANDS.exec(text.slice(at, Math.min(high, at + 24)))?.[1];
  if (number === undefined) return;
  const compact = number.replaceAll(',', '');
  if (!LARGE_ISSUER.test(compact) || !luhn(compact)) return;
  if (CURRENCY.test(text.slice(Math.max(low, at - 5), at))) return;
  text.report('CREDIT_CARD', at, at + number.length, 0.7, 'checksum');
}

/** 12 to 19 digits that words call a card: Maestro has any of these lengths. */
function findNamedCard(text: Text, at: number): void {
  const { buffer, low, high } = text;
  if (at > low && isAlnum(buffer[at - 1]!)) return;
  let end = at;
  while (end < high && end - at < 20 && (CLASS[buffer[end]!]! & DIGIT) !== 0) end++;
  if (end - at < 12 || end - at > 19 || (end < high && isAlnum(buffer[end]!))) return;
  if (!text.wants('CREDIT_CARD')) return;
  const compact = text.slice(at, end);
  if (!ISSUER.test(compact) || !luhn(compact) || !meets(text.topics(at, end), CARD)) return;
  text.report('CREDIT_CARD', at, end, 0.9, 'context');
}

function groupsAt({ buffer, low, high }: Text, at: number): Groups | undefined {
  if (at > low && isAlnum(buffer[at - 1]!)) return undefined;
  let end = digitsEnd(buffer, at, high);
  const first = end - at;
  if (first !== 4 && first !== 3) return undefined;
  const gap = gapSize(buffer, end, high);
  if (gap === 0 || (gap === 1 && USUAL.has(buffer[end]!))) return undefined;
  let shape = String(first);
  const sign = end;
  for (let groups = 1; groups < MOST_GROUPS && sameGap(buffer, sign, end, gap, high); groups++) {
    const start = end + gap;
    const stop = digitsEnd(buffer, start, high);
    if (stop === start || stop - start > 7) break;
    shape += stop - start;
    end = stop;
  }
  if (end < high && isAlnum(buffer[end]!)) return undefined;
  // Nearly all rows of numbers are of no shape: taken as text only when they are of one.
  if (shape !== SSN_SHAPE && !CARD_SHAPE.test(shape)) return undefined;
  const compact = buffer.toString('latin1', at, end).replace(/\D/g, '');
  const listing = buffer.subarray(sign, sign + gap).some((byte) => LISTING.has(byte));
  return { shape, compact, end, listing };
}

function digitsEnd(buffer: Buffer, start: number, high: number): number {
  let end = start;
  while (end < high && end - start < 8 && (CLASS[buffer[end]!]! & DIGIT) !== 0) end++;
  return end;
}

function gapSize(buffer: Buffer, at: number, high: number): number {
  let size = 0;
  while (at + size < high && size <= LONGEST_GAP && !isAlnum(buffer[at + size]!)) size++;
  return size > LONGEST_GAP || at + size >= high ? 0 : size;
}

function sameGap(buffer: Buffer, sign: number, at: number, gap: number, high: number): boolean {
  if (at + gap >= high) return false;
  for (let byte = 0; byte < gap; byte++) if (buffer[sign + byte] !== buffer[at + byte]) return false;
  return true;
}
