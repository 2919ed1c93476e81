import type { SecretDocument } from '../../operator/src/secrets/index.ts';

/** A Secret in memory, shared by whoever holds it. */
export function createMemorySecret<T>(): SecretDocument<T> & { readonly writes: () => number } {
  let document: string | undefined;
  let writes = 0;
  const read = () => (document === undefined ? undefined : (JSON.parse(document) as T));
  return {
    read: async () => read(),
    async update(change) {
      const next = await change(read());
      if (next === undefined) return read();
      document = JSON.stringify(next);
      writes++;
      return next;
    },
    writes: () => writes,
  };
}
