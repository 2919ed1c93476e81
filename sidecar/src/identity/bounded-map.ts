/** A map that forgets what was not used for longest when it is full. */
export interface BoundedMap<V> {
  /** Counts as use. */
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Those not used for longest come first. */
  keys(): Iterable<string>;
  readonly size: number;
}

export function createBoundedMap<V>(limit: number): BoundedMap<V> {
  const entries = new Map<string, V>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      // A Map keeps the order of insertion: the first is the one that was not used for longest.
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      if (entries.size >= limit) {
        const oldest = entries.keys().next();
        if (!oldest.done) entries.delete(oldest.value);
      }
      entries.set(key, value);
    },
    delete: (key) => void entries.delete(key),
    keys: () => entries.keys(),
    get size() {
      return entries.size;
    },
  };
}
