import type { Projection } from '@rankguard/contract';
import type { FactsPath } from '../facts-shape.ts';

/** A projection that grows: it only ever gains parts. */
export interface ProjectionTree {
  /** All of the value at this place. */
  whole(path: FactsPath): void;
  /** That there is a value at this place, and of a container its kind; of `a.*` how many elements. */
  shape(path: FactsPath): void;
  read(): Projection;
}

interface Node {
  [member: string]: Node | true;
}

export function createTree(): ProjectionTree {
  let root: Node | true = {};

  function grow(path: FactsPath, last: () => Node | true): void {
    const [first, ...rest] = path;
    if (first === undefined) {
      if (last() === true) root = true;
      return;
    }
    if (root !== true) growIn(root, first, rest, last);
  }

  function growIn(node: Node, step: string, rest: FactsPath, last: () => Node | true): void {
    const existing = Object.hasOwn(node, step) ? node[step] : undefined;
    if (existing === true) return;
    const [next, ...others] = rest;
    if (next === undefined) {
      const leaf = last();
      if (leaf === true) put(node, step, true);
      else if (existing === undefined) put(node, step, leaf);
      return;
    }
    const child = existing ?? {};
    if (existing === undefined) put(node, step, child);
    growIn(child, next, others, last);
  }

  return {
    whole: (path) => grow(path, () => true),
    shape: (path) => grow(path, () => ({})),
    read: () => sorted(root),
  };
}

/** A member may be called `__proto__`. */
function put(node: Node, member: string, value: Node | true): void {
  Object.defineProperty(node, member, { value, enumerable: true, writable: true, configurable: true });
}

/** The same parts give the same text, whatever the order of the rules. */
function sorted(node: Node | true): Projection {
  if (node === true) return true;
  const result: Node = {};
  for (const member of Object.keys(node).toSorted()) put(result, member, sorted(node[member] ?? {}) as Node);
  return result;
}
