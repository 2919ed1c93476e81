import MiniSearch from 'minisearch';

/** How well one text answers the query. */
export interface Score {
  /** Place in the caller's list. */
  readonly index: number;
  /** BM25 as it is: 0 for a text without any word of the query, without an upper end. */
  readonly raw: number;
  /** The same order between 0 and 1. */
  readonly score: number;
}

/** Ranks every text, best first; texts of equal score keep the caller's order. */
export interface Scorer {
  readonly name: 'bm25' | 'fixed';
  /** What `/info` calls the model. */
  readonly model: string;
  rank(query: string, texts: readonly string[]): readonly Score[];
}

/** The BM25 value that becomes 0.5. */
const HALF = 4;
const MARKS = /\p{M}+/gu;

/** Lower case without accents, so that `Café` and `cafe` are one word. */
function normalise(word: string): string {
  return word.normalize('NFKD').replace(MARKS, '').toLowerCase();
}

function toScore(index: number, raw: number): Score {
  return { index, raw, score: Number((raw / (raw + HALF)).toPrecision(7)) };
}

/**
 * Lexical ranking: BM25 over the words of the call's own texts (minisearch), no language model.
 * Words are compared without case and accents; a text that shares no word with the query scores 0.
 */
export function createBm25Scorer(): Scorer {
  function rank(query: string, texts: readonly string[]): readonly Score[] {
    const index = new MiniSearch<{ id: number; text: string }>({
      fields: ['text'],
      processTerm: normalise,
      // Plain BM25: no lower bound for matching terms.
      searchOptions: { bm25: { k: 1.2, b: 0.75, d: 0 } },
    });
    index.addAll(texts.map((text, id) => ({ id, text })));
    const found = new Map<number, number>();
    for (const { id, score } of index.search(query)) found.set(id as number, score);
    // minisearch returns matching texts only; a reranker answers for every candidate.
    return texts
      .map((_, id) => toScore(id, found.get(id) ?? 0))
      .sort((a, b) => b.raw - a.raw || a.index - b.index);
  }
  return { name: 'bm25', model: 'rankguard-example/bm25-lexical', rank };
}

/**
 * For benchmarks only: reads nothing and keeps the caller's order, with descending scores.
 * It shows what the hop costs, not how well anything ranks.
 */
export function createFixedScorer(): Scorer {
  function rank(_query: string, texts: readonly string[]): readonly Score[] {
    return texts.map((_, index) => toScore(index, (2 * HALF * (texts.length - index)) / texts.length));
  }
  return { name: 'fixed', model: 'rankguard-example/fixed-for-benchmarks', rank };
}
