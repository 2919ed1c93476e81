import { type AnyDetector, type AnyFinding, type Found, merged, mergedParts } from './any-detector.ts';
import { Ranges, Sign } from './ranges.ts';

/** Tags and the marks of Markdown, which a reader does not see; also as some servers escape them in JSON. */
const MARKS =
  /(?:<|\\u003[cC])\/?[A-Za-z!](?:[^<>\\\n]|\\["/]){0,64}(?:>|\\u003[eE])|\*{1,3}|_{2,3}|`{1,3}|~~/g;
/** What any of them begins with; most texts have none. */
const MAYBE = /[*`<]|__|~~|\\u003[cC]/;
/** Without one of these there is nothing that formatting could split. */
const WORTH = /@|(?:\d[^\d]{0,80}){7}/;
/** Longer texts are cut: a value is within a piece and the next. */
const MOST = 1 << 20;

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
  return {
    find(bytes, ranges, nameOf) {
      const found = detector.find(bytes, ranges, nameOf);
      if (!ranges.has(Sign.Marked)) return found;
      const views: { readonly plain: Plain; readonly from: number; readonly start: number }[] = [];
      const viewRanges = new Ranges();
      const tokens: number[] = [];
      let text = '';
      for (const { token, start, end } of ranges.withSign(Sign.Marked)) {
        const plain = plainOf(bytes.toString('latin1', start, end));
        if (plain === null) continue;
        viewRanges.add(views.length, text.length, text.length + plain.text.length, false);
        views.push({ plain, from: text.length, start });
        tokens.push(token);
        text += plain.text;
      }
      if (views.length === 0) return found;
      const nameOfView = (view: number) => nameOf(tokens[view]!);
      const split: Found[] = [];
      for (const one of detector.find(Buffer.from(text, 'latin1'), viewRanges, nameOfView)) {
        const { plain, from, start } = views[one.token]!;
        const place = original(plain, one.start - from, one.end - from);
        if (place === null) continue;
        split.push({ ...one, token: tokens[one.token]!, start: start + place.start, end: start + place.end });
      }
      return mergedParts(found, split);
    },
    detectText(text, context) {
      const found = detector.detectText(text, context);
      const plain = plainOf(text);
      if (plain === null) return found;
      const split: AnyFinding[] = [];
      for (const one of detector.detectText(plain.text, context)) {
        const place = original(plain, one.start, one.end);
        if (place !== null) split.push({ ...one, ...place });
      }
      return merged([...found, ...split]);
    },
  };
}

function plainOf(text: string): Plain | null {
  if (text.length > MOST || !MAYBE.test(text)) return null;
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
  return places.length === 0 || !WORTH.test(plain) ? null : { text: plain, places, ends };
}

/** Where a part of the plain text stands in the original; null when no mark splits it: it is found there as it is. */
function original(
  { places, ends }: Plain,
  start: number,
  end: number,
): { start: number; end: number } | null {
  const first = marksUpTo(places, start);
  const last = marksUpTo(places, end - 1);
  if (first === last) return null;
  const shift = (marks: number) => (marks === 0 ? 0 : ends[marks - 1]! - places[marks - 1]!);
  return { start: start + shift(first), end: end + shift(last) };
}

/** How many marks stand at or before a place, by halving. */
function marksUpTo(places: readonly number[], place: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}
