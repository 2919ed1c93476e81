import type { AnyDetector } from './any-detector.ts';
import { type FurtherView, placesBefore, withFurtherView } from './further-views.ts';
import { Sign } from './ranges.ts';
import { type Undone, undo } from './spellings.ts';
import { type Part, partsAround } from './view-parts.ts';

/**
 * Adds what a text says once its spelling is undone: `maria%2540example.org` and `maria [at] example.org` are an
 * address. The value is masked as it is spelled.
 */
export function withDisguises(detector: AnyDetector): AnyDetector {
  return withFurtherView(detector, Sign.Spelled, (text) => {
    const undone = undo(text);
    return undone === null ? null : viewOf(undone);
  });
}

function viewOf(undone: Undone): FurtherView {
  return {
    text: undone.text,
    parts: partsAround(undone.text, undone.places),
    original: (start, end) => original(undone, start, end),
  };
}

/** Where a part of the undone text stands in the original; null when nothing in it was spelled otherwise. */
function original(undone: Undone, start: number, end: number): Part | null {
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
