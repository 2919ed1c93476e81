/** Reads of the API server that are kept for a while: what is read and not watched is told a little late. */
const FRESH_MS = 60_000;

export interface FreshReads<T> {
  /** What was read for a key less than a minute ago, else what `read` gives. A read that fails is not kept. */
  get(key: string): Promise<T>;
}

export function createFreshReads<T>(
  read: (key: string) => Promise<T>,
  /** milliseconds, monotonic */
  now: () => number = () => performance.now(),
): FreshReads<T> {
  const kept = new Map<string, { readonly value: Promise<T>; readonly at: number }>();
  return {
    get(key) {
      const known = kept.get(key);
      if (known !== undefined && now() - known.at < FRESH_MS) return known.value;
      for (const [other, { at }] of kept) if (now() - at >= FRESH_MS) kept.delete(other);
      const value = read(key);
      kept.set(key, { value, at: now() });
      value.catch(() => kept.delete(key));
      return value;
    },
  };
}
