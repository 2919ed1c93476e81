import type { AnyDetector } from './any-detector.ts';
import { type FurtherView, placesBefore, withFurtherView } from './further-views.ts';
import { Sign } from './ranges.ts';
import { type Part, partsAround } from './view-parts.ts';

/** Tags and the marks of Markdown, which a reader does not see; also as some servers escape them in JSON. */
const MARKS =
  /(?:<|\\u003[cC])\/?[A-Za-z!](?:[^<>\\\n]|\\["/]){0,64}(?:>|\\u003[eE])|\*{1,3}|_{2,3}|`{1,3}|~~/g;
/** What any of them begins with; most texts have none. */
const MAYBE = /[*`<]|__|~~|\\u003[cC]/;
/** How far from a mark the sign of an address that it splits can be. */
const ADDRESS_REACH = 128;
/** How far from a mark the digits of a number that it splits can be, and how many of them there are at least. */
const NUMBER_REACH = 40;
const FEWEST_DIGITS = 6;

/** A text without its marks, and where those were. */
interface Plain {
  readonly text: string;
  /** Of each mark: its place in the plain text, and its end in the original. */
  readonly places: readonly number[];
  readonly ends: readonly number[];
}

/**
 * Adds what a reader sees of a formatted text: `<em>4111</em> <em>1111</em> …` is a card number. The value is masked
 * with the marks in it.
 */
export function withFormatting(detector: AnyDetector): AnyDetector {
  return withFurtherView(detector, Sign.Marked, (text) => {
    const plain = plainOf(text);
    return plain === null ? null : viewOf(plain);
  });
}

function viewOf(plain: Plain): FurtherView {
  return {
    text: plain.text,
    parts: partsAround(plain.text, worthALook(plain)),
    original: (start, end) => original(plain, start, end),
  };
}

function plainOf(text: string): Plain | null {
  if (!MAYBE.test(text)) return null;
  const places: number[] = [];
  const ends: number[] = [];
  let plain = '';
  let at = 0;
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    plain += text.slice(at, index);
    at = index + mark.length;
    places.push(plain.length);
    ends.push(at);
  }
  plain += text.slice(at);
  return places.length === 0 ? null : { text: plain, places, ends };
}

/** The places of marks that may split something: an `@` or some digits are near. Reads the text once. */
function worthALook({ text, places }: Plain): number[] {
  const worth: number[] = [];
  const { length } = text;
  let sign = text.indexOf('@');
  if (sign === -1 && !/\d/.test(text)) return worth;
  let digits = 0;
  let from = 0;
  let to = 0;
  for (const place of places) {
    const last = Math.min(length, place + NUMBER_REACH);
    for (; to < last; to++) if (isDigit(text, to)) digits++;
    for (; from < place - NUMBER_REACH; from++) if (isDigit(text, from)) digits--;
    while (sign !== -1 && sign < place - ADDRESS_REACH) sign = text.indexOf('@', sign + 1);
    if (digits >= FEWEST_DIGITS || (sign !== -1 && sign < place + ADDRESS_REACH)) worth.push(place);
  }
  return worth;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

/** Where a part of the plain text stands in the original; null when no mark splits it: it is found there as it is. */
function original({ places, ends }: Plain, start: number, end: number): Part | null {
  const first = placesBefore(places, start + 1);
  const last = placesBefore(places, end);
  if (first === last) return null;
  const shift = (marks: number) => (marks === 0 ? 0 : ends[marks - 1]! - places[marks - 1]!);
  return { start: start + shift(first), end: end + shift(last) };
}
