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

  /**
   * Where a key or value stands, as a JSONPath (RFC 9535) behind `root`. Names that `isPersonal` are not shown.
   */
  path(token: number, root: string, isPersonal: (name: string) => boolean): string {
    const document = this.#document;
    const parts: string[] = [];
    for (let at = token; at > 0; at = this.parent(at)) {
      const key = document.kind(at) === Kind.Key ? at : at - 1;
      const parent = this.parent(at);
      if (document.kind(parent) === Kind.Array) parts.push(`[${this.#place(parent, at)}]`);
      else parts.push(step(document.string(key), isPersonal));
    }
    return root + parts.reverse().join('');
  }

  #place(array: number, element: number): number {
    let place = 0;
    for (const token of this.#document.elements(array)) {
      if (token >= element) break;
      place++;
    }
    return place;
  }
}

const SHOWN = 64;

function step(name: string, isPersonal: (name: string) => boolean): string {
  if (isPersonal(name) || name.length > SHOWN) return "['…']";
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `['${name.replace(/['\\]/g, '\\$&')}']`;
}
