/** The objects of the fake API server, with the history that its watches tell. */

export interface Stored {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [member: string]: unknown;
  };
  readonly [member: string]: unknown;
}
export interface Happening {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
  readonly version: number;
}

/** One kind of resource. Versions come from a counter that all kinds share, as with etcd. */
export interface Collection {
  readonly objects: Map<string, Stored>;
  readonly history: Happening[];
  put(key: string, content: Readonly<Record<string, unknown>>, mayBump: boolean): Stored;
  remove(key: string): Stored | undefined;
  onHappening(listener: (happening: Happening) => void): () => void;
}

export function createCollection(nextVersion: () => number): Collection {
  const objects = new Map<string, Stored>();
  const history: Happening[] = [];
  const listeners = new Set<(happening: Happening) => void>();

  function tell(type: Happening['type'], object: Stored): Stored {
    const happening = { type, object, version: Number(object.metadata.resourceVersion) };
    history.push(happening);
    for (const listener of listeners) listener(happening);
    return object;
  }

  return {
    objects,
    history,
    put(key, content, mayBump) {
      const before = objects.get(key);
      const metadata = content['metadata'] as Stored['metadata'];
      const same = before !== undefined && sameContent(before, content);
      if (same) return before;
      const changed = ['spec', 'webhooks'].some((member) => differs(before?.[member], content[member]));
      const bump = mayBump && before !== undefined && changed ? 1 : 0;
      const object: Stored = {
        ...content,
        metadata: {
          ...metadata,
          uid: before?.metadata.uid ?? crypto.randomUUID(),
          creationTimestamp: before?.metadata.creationTimestamp ?? new Date().toISOString(),
          generation: (before?.metadata.generation ?? 1) + bump,
          resourceVersion: String(nextVersion()),
        },
      };
      objects.set(key, object);
      return tell(before ? 'MODIFIED' : 'ADDED', object);
    },
    remove(key) {
      const before = objects.get(key);
      if (before === undefined) return undefined;
      objects.delete(key);
      const metadata = { ...before.metadata, resourceVersion: String(nextVersion()) };
      return tell('DELETED', { ...before, metadata });
    },
    onHappening(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);

function sameContent(before: Stored, content: Readonly<Record<string, unknown>>): boolean {
  const bare = ({ metadata, ...rest }: Readonly<Record<string, unknown>>) => {
    const {
      resourceVersion: _,
      uid: __,
      creationTimestamp: ___,
      generation: ____,
      ...kept
    } = metadata as Record<string, unknown>;
    return sorted({ ...rest, metadata: kept });
  };
  return !differs(bare(before), bare(content));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lays one manager's fields over others'. Lists are taken whole: managers here do not share one. */
export function overlay(under: Fields, over: Fields): Fields {
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isFields(value) && isFields(below) ? overlay(below, value) : value;
  }
  return merged;
}

/** What remains of an object without the fields that a manager had applied before. */
export function without(object: Fields, applied: Fields): Fields {
  const rest: Record<string, unknown> = { ...object };
  for (const [name, value] of Object.entries(applied)) {
    const below = rest[name];
    if (isFields(value) && isFields(below)) rest[name] = without(below, value);
    else delete rest[name];
  }
  return rest;
}
