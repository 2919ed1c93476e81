import { type JsonDocument, Kind } from '../json/types.ts';

/** Which container each token stands in; made when somebody asks, in one pass. */
export class Outline {
  readonly #parents: Int32Array;
  readonly #document: JsonDocument;

  constructor(document: JsonDocument) {
    this.#document = document;
    this.#parents = new Int32Array(document.count).fill(-1);
    const open: number[] = [];
    for (let token = 0; token < document.count; token++) {
      const kind = document.kind(token);
      if (kind === Kind.Close) open.pop();
      this.#parents[token] = open.at(-1) ?? -1;
      if (kind === Kind.Object || kind === Kind.Array) open.push(token);
    }
  }

  /** The object or array around a key or value, or -1. */
  parent(token: number): number {
    return this.#parents[token] ?? -1;
  }

  /** The key that a value stands under, through arrays, or -1. */
  owner(token: number): number {
    let at = token;
    while (at > 0) {
      if (this.#document.kind(at - 1) === Kind.Key) return at - 1;
      const parent = this.parent(at);
      if (parent === -1 || this.#document.kind(parent) === Kind.Object) return -1;
      at = parent;
    }
    return -1;
  }
}
