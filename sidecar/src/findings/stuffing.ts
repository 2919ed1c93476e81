import type { Match } from './instructions.ts';
import { readable, wordsOf } from './text.ts';

/** Fewer words say nothing: a title repeats its product's name. */
const LEAST_WORDS = 20;
const LEAST_REPEATS = 6;
/** The share of one word in plain prose, function words left out, stays well below. */
const WORD_SHARE = 0.15;
/** The share of the query's words together in an honest passage of this length stays well below. */
const QUERY_SHARE = 0.35;
/** Shorter words are mostly function words: in every language the most frequent ones. */
const LEAST_LETTERS = 4;

/** The words of a query that a document could be stuffed with. */
export function queryWords(query: string): ReadonlySet<string> {
  return new Set(wordsOf(readable(query)).filter((word) => word.length >= LEAST_LETTERS));
}

/** A word, or the words of the query, far more often than a text needs them; null when not. */
export function findStuffing(text: string, query: ReadonlySet<string>): Match | null {
  const words = wordsOf(readable(text));
  if (words.length < LEAST_WORDS) return null;
  const counts = new Map<string, number>();
  let ofQuery = 0;
  let most = 0;
  for (const word of words) {
    if (word.length < LEAST_LETTERS) continue;
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    if (count > most) most = count;
    if (query.has(word)) ofQuery += 1;
  }
  const repeated = most >= LEAST_REPEATS ? most / words.length / WORD_SHARE : 0;
  const echoed = ofQuery >= LEAST_REPEATS ? ofQuery / words.length / QUERY_SHARE : 0;
  const excess = Math.max(repeated, echoed);
  if (excess < 1) return null;
  // At the threshold it is a coin's toss; at twice the threshold it is certain.
  const score = Math.round(Math.min(1, excess / 2) * 100) / 100;
  return { count: repeated >= echoed ? most : ofQuery, score };
}
