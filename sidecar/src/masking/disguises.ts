import { type AnyDetector, type AnyFinding, type Found, merged, mergedParts } from './any-detector.ts';
import { Ranges, Sign } from './ranges.ts';
import { type Undone, undo } from './spellings.ts';

/** Longer texts are left to the other views. */
const MOST = 1 << 20;

/**
 * Adds what a text says once its spelling is undone: `maria%2540example.org` and `maria [at] example.org` are an
 * address. The value is masked as it is spelled.
 */
export function withDisguises(detector: AnyDetector): AnyDetector {
  return {
    find(bytes, ranges, nameOf) {
      const found = detector.find(bytes, ranges, nameOf);
      if (!ranges.has(Sign.Spelled)) return found;
      const views: { readonly undone: Undone; readonly from: number; readonly start: number }[] = [];
      const viewRanges = new Ranges();
      const tokens: number[] = [];
      let all = '';
      for (const { token, start, end } of ranges.withSign(Sign.Spelled)) {
        if (end - start > MOST) continue;
        const undone = undo(bytes.toString('latin1', start, end));
        if (undone === null) continue;
        viewRanges.add(views.length, all.length, all.length + undone.text.length, false);
        views.push({ undone, from: all.length, start });
        tokens.push(token);
        all += undone.text;
      }
      if (views.length === 0) return found;
      const seen: Found[] = [];
      for (const one of detector.find(Buffer.from(all, 'latin1'), viewRanges, (at) => nameOf(tokens[at]!))) {
        const { undone, from, start } = views[one.token]!;
        const place = original(undone, one.start - from, one.end - from);
        if (place === null) continue;
        seen.push({ ...one, token: tokens[one.token]!, start: start + place.start, end: start + place.end });
      }
      return mergedParts(found, seen);
    },
    detectText(text, context) {
      const found = detector.detectText(text, context);
      const undone = text.length > MOST ? null : undo(text);
      if (undone === null) return found;
      const seen: AnyFinding[] = [];
      for (const one of detector.detectText(undone.text, context)) {
        const place = original(undone, one.start, one.end);
        if (place !== null) seen.push({ ...one, ...place });
      }
      return merged([...found, ...seen]);
    },
  };
}

/** Where a part of the undone text stands in the original; null when nothing in it was spelled otherwise. */
function original(undone: Undone, start: number, end: number): { start: number; end: number } | null {
  const first = placesBefore(undone.places, start);
  const last = placesBefore(undone.places, end);
  if (first === last) return null;
  return { start: originalStart(undone, start), end: originalEnd(undone, end) };
}

function originalStart({ places, starts, ends }: Undone, at: number): number {
  const before = placesBefore(places, at + 1) - 1;
  if (before < 0) return at;
  return places[before] === at ? starts[before]! : ends[before]! + (at - places[before]! - 1);
}

function originalEnd({ places, ends }: Undone, end: number): number {
  const before = placesBefore(places, end) - 1;
  return before < 0 ? end : ends[before]! + (end - places[before]! - 1);
}

/** How many places are less than `at`, by halving. */
function placesBefore(places: readonly number[], at: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
