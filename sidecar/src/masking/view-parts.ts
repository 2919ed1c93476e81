/** How far a value, and the words that speak for it, reach from a place in it. */
const REACH = 256;
/** A part begins and ends between words, if one is this near. */
const WORD = 64;

/** A part of a text, half open. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * The parts of a view that are worth a look: what is around these places, which must ascend. What is found elsewhere is
 * found in the text itself. Parts are ascending and apart.
 */
export function partsAround(text: string, places: readonly number[]): Part[] {
  const parts: Part[] = [];
  let start = -1;
  let end = 0;
  for (const place of places) {
    if (start !== -1 && place - REACH - WORD <= end) {
      end = Math.max(end, place + REACH);
      continue;
    }
    if (start !== -1) parts.push({ start, end: wordEnd(text, end) });
    start = wordStart(text, place - REACH);
    end = place + REACH;
  }
  if (start !== -1) parts.push({ start, end: wordEnd(text, end) });
  return parts;
}

function wordStart(text: string, at: number): number {
  const least = at - WORD;
  for (let start = at; start > 0 && start > least; start--) if (isSpace(text, start - 1)) return start;
  return Math.max(0, least);
}

function wordEnd(text: string, at: number): number {
  const most = at + WORD;
  for (let end = at; end < text.length && end < most; end++) if (isSpace(text, end)) return end;
  return Math.min(text.length, most);
}

const isSpace = (text: string, at: number) => text.charCodeAt(at) <= 0x20;
