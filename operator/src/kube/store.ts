import { isOlder } from './resource-version.ts';
import { type KubeObject, keyOf } from './types.ts';

/** A change of an object: `next` is undefined when it is gone, `previous` when it is new. */
export interface Change<T> {
  readonly key: string;
  readonly next: T | undefined;
  readonly previous: T | undefined;
}

/** What a reflector has seen, by `namespace/name`. */
export interface Store<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): readonly T[];
  readonly size: number;
}

export interface WritableStore<T extends KubeObject> extends Store<T> {
  /** Takes an object as it is now. Undefined when it is no news: a repetition, or older than what is there. */
  put(object: T): Change<T> | undefined;
  /** Takes the deletion of an object, unless a newer one of the same name is there. */
  drop(object: T): Change<T> | undefined;
  /** Makes the store hold exactly these. */
  replace(objects: readonly T[]): readonly Change<T>[];
  /**
   * What a list knows and the store does not, apart from what has changed here since `mark`: changes that
   * the watch has lost. They are taken over.
   */
  mend(objects: readonly T[], mark: number): readonly Change<T>[];
  /** Grows with every change. */
  readonly mark: number;
}

interface Entry<T> {
  readonly object: T;
  readonly mark: number;
}

export function createStore<T extends KubeObject>(): WritableStore<T> {
  const entries = new Map<string, Entry<T>>();
  /** When a key was last deleted; only as long as a list could still show it. */
  const dropped = new Map<string, number>();
  let mark = 0;

  const versionOf = (object: T) => object.metadata.resourceVersion ?? '';

  function set(key: string, object: T): Change<T> {
    const previous = entries.get(key)?.object;
    mark += 1;
    entries.set(key, { object, mark });
    dropped.delete(key);
    return { key, next: object, previous };
  }
  function unset(key: string): Change<T> | undefined {
    const previous = entries.get(key)?.object;
    if (previous === undefined) return undefined;
    mark += 1;
    entries.delete(key);
    dropped.set(key, mark);
    return { key, next: undefined, previous };
  }
  function isNews(key: string, object: T): boolean {
    const known = entries.get(key)?.object;
    if (known === undefined) return true;
    if (versionOf(known) === versionOf(object)) return known.metadata.uid !== object.metadata.uid;
    return !isOlder(versionOf(object), versionOf(known));
  }
  const gone = (objects: readonly T[]) => {
    const present = new Set(objects.map(keyOf));
    return [...entries].filter(([key]) => !present.has(key));
  };

  return {
    get: (key) => entries.get(key)?.object,
    list: () => Array.from(entries.values(), ({ object }) => object),
    get size() {
      return entries.size;
    },
    get mark() {
      return mark;
    },
    put(object) {
      const key = keyOf(object);
      return isNews(key, object) ? set(key, object) : undefined;
    },
    drop(object) {
      const known = entries.get(keyOf(object))?.object;
      if (known === undefined || isOlder(versionOf(object), versionOf(known))) return undefined;
      return unset(keyOf(object));
    },
    replace(objects) {
      const changes = gone(objects).map(([key]) => unset(key));
      for (const object of objects) {
        const known = entries.get(keyOf(object))?.object;
        const same = known !== undefined && versionOf(known) === versionOf(object);
        if (!same) changes.push(set(keyOf(object), object));
      }
      dropped.clear();
      return changes.filter((change) => change !== undefined);
    },
    mend(objects, before) {
      const changes: (Change<T> | undefined)[] = [];
      for (const [key, entry] of gone(objects)) if (entry.mark <= before) changes.push(unset(key));
      for (const object of objects) {
        const key = keyOf(object);
        const touched = entries.get(key)?.mark ?? dropped.get(key) ?? 0;
        if (touched <= before && isNews(key, object)) changes.push(set(key, object));
      }
      dropped.clear();
      return changes.filter((change) => change !== undefined);
    },
  };
}
