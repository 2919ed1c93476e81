import { type AnyDetector, type AnyFinding, type Found, merged, mergedParts } from './any-detector.ts';
import { Ranges } from './ranges.ts';
import type { Part } from './view-parts.ts';

/** What else a text says, and where that stands in the text. */
export interface FurtherView {
  readonly text: string;
  /** The parts that are worth a look, ascending and apart. */
  readonly parts: readonly Part[];
  /** Where a part of the view stands in the text; null when it says the same there, and so is found without the view. */
  original(start: number, end: number): Part | null;
}

/** Longer texts are left to the other views. */
const MOST = 1 << 20;

/** Where a part of a view stands among all that are looked at, and in the text that it is a view of. */
interface Placed {
  readonly view: FurtherView;
  readonly token: number;
  /** Where the view would begin among all parts, were it there as a whole. */
  readonly from: number;
  /** Where the text begins. */
  readonly start: number;
}

/** Adds what is found in a further view of the texts that have a sign of it. */
export function withFurtherView(
  detector: AnyDetector,
  sign: number,
  viewOf: (text: string) => FurtherView | null,
): AnyDetector {
  return {
    find(bytes, ranges, nameOf) {
      const found = detector.find(bytes, ranges, nameOf);
      if (!ranges.has(sign)) return found;
      const placed: Placed[] = [];
      const parts = new Ranges();
      let all = '';
      for (const { token, start, end } of ranges.withSign(sign)) {
        const view = end - start > MOST ? null : viewOf(bytes.toString('latin1', start, end));
        for (const part of view?.parts ?? []) {
          parts.add(placed.length, all.length, all.length + part.end - part.start, false);
          placed.push({ view: view!, token, from: all.length - part.start, start });
          all += view!.text.slice(part.start, part.end);
        }
      }
      if (placed.length === 0) return found;
      const seen: Found[] = [];
      for (const one of detector.find(Buffer.from(all, 'latin1'), parts, (at) => nameOf(placed[at]!.token))) {
        const { view, token, from, start } = placed[one.token]!;
        const place = view.original(one.start - from, one.end - from);
        if (place !== null) seen.push({ ...one, token, start: start + place.start, end: start + place.end });
      }
      return mergedParts(found, seen);
    },
    detectText(text, context) {
      const found = detector.detectText(text, context);
      const view = text.length > MOST ? null : viewOf(text);
      if (view === null) return found;
      const seen: AnyFinding[] = [];
      for (const part of view.parts) {
        for (const one of detector.detectText(view.text.slice(part.start, part.end), context)) {
          const place = view.original(one.start + part.start, one.end + part.start);
          if (place !== null) seen.push({ ...one, ...place });
        }
      }
      return merged([...found, ...seen]);
    },
  };
}

/** How many of ascending places are less than `at`, by halving. */
export function placesBefore(places: readonly number[], at: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
