import { createBackoff, pause } from './backoff.ts';
import type { Kube, Scope } from './client.ts';
import type { KubeError } from './errors.ts';
import { type Change, createStore, type Store, type WritableStore } from './store.ts';
import type { KubeObject, Resource } from './types.ts';

export interface ReflectorOptions<T extends KubeObject> {
  readonly kube: Kube;
  readonly resource: Resource;
  readonly scope?: Scope;
  /** Keeps of an object what is needed, before it is stored. `metadata` must stay. */
  readonly trim?: (object: T) => T;
  /** Called for every change, in order. What it throws is counted and logged: a handler never ends a watch. */
  readonly onChange?: (change: Change<T>) => void;
  readonly log: ReflectorLog;
  readonly metrics?: ReflectorMetrics;
  readonly timings?: Partial<ReflectorTimings>;
}
export type ReflectorLog = (level: 'info' | 'warn' | 'error', message: string, fields: object) => void;

export interface ReflectorMetrics {
  /** Why a list was asked for: `start`, `expired` (410) or `periodic`. */
  listed(plural: string, why: string): void;
  /** Changes that a periodic list knew and the watch had not told. */
  missed(plural: string, count: number): void;
  failed(plural: string): void;
}

/** Milliseconds, but for the two in seconds. */
export interface ReflectorTimings {
  /** A watch asks to be ended after a time between these; client-go does so too. */
  readonly watchSeconds: readonly [number, number];
  /** Bookmarks come about once a minute; a stream that is silent for longer than this is dead. */
  readonly idleMs: number;
  readonly relistMs: number;
  /** How far a watch may lag behind a list before a difference counts as missed. */
  readonly lagMs: number;
  readonly backoffMs: readonly [number, number];
}
const TIMINGS: ReflectorTimings = {
  watchSeconds: [300, 600],
  idleMs: 100_000,
  relistMs: 600_000,
  lagMs: 5_000,
  backoffMs: [800, 30_000],
};

/** A local copy of a collection that follows the API server for as long as the process lives. */
export interface Reflector<T extends KubeObject> extends Store<T> {
  start(): void;
  stop(): Promise<void>;
  /** Resolves after the first list. */
  readonly synced: Promise<void>;
  hasSynced(): boolean;
}

/**
 * Lists, then watches. Failures of any kind are waited out (client-node's ListWatch stops after most);
 * an expired resourceVersion lists again; a periodic list finds what a watch has silently lost.
 */
export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  const { resource } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const copy = createCopy(options);
  const ending = new AbortController();
  const [firstMs, mostMs] = timings.backoffMs;
  const backoff = createBackoff({ firstMs, mostMs });
  let running: Promise<unknown> = Promise.resolve();

  async function round(): Promise<void> {
    if (copy.position() === '') await copy.list();
    const began = performance.now();
    // A lost change makes the mending abort the stream that lost it.
    const stream = new AbortController();
    const signal = AbortSignal.any([ending.signal, stream.signal]);
    const mending = mendPeriodically(signal, () => stream.abort());
    try {
      await copy.follow(timings, signal, backoff.reset);
    } catch (error) {
      if (!stream.signal.aborted) throw error;
    } finally {
      stream.abort();
      await mending;
    }
    // A server that ends watches at once must not be asked again at once.
    if (performance.now() - began < firstMs) await pause(backoff.next(), ending.signal);
  }

  async function mendPeriodically(signal: AbortSignal, abortStream: () => void): Promise<void> {
    while (!signal.aborted) {
      await pause(timings.relistMs, signal);
      if (signal.aborted) return;
      try {
        if ((await copy.mend(timings.lagMs, signal)) > 0) abortStream();
      } catch (error) {
        report(error);
      }
    }
  }

  function report(error: unknown): void {
    options.metrics?.failed(resource.plural);
    options.log('warn', 'list or watch failed', { kind: resource.kind, error: (error as Error).message });
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (ending.signal.aborted) return;
        const { status, retryAfter } = error as KubeError;
        if (status === 410) copy.forgetPosition();
        else report(error);
        await pause(Math.max(backoff.next(), (retryAfter ?? 0) * 1000), ending.signal);
      }
    }
  }

  return {
    ...copy.view,
    get size() {
      return copy.view.size;
    },
    start() {
      running = run();
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** The local copy, and the three ways to bring it up to date. */
function createCopy<T extends KubeObject>(options: ReflectorOptions<T>) {
  const { kube, resource, scope, trim, metrics } = options;
  const store = createStore<T>();
  const emit = createEmit(options);
  let announce = () => {};
  const synced = new Promise<void>((resolve) => {
    announce = resolve;
  });
  let isReady = false;
  /** Where the next watch goes on; empty: list first. */
  let position = '';

  const trimmed = (items: readonly T[]) => (trim ? items.map(trim) : items);

  async function list(): Promise<void> {
    const { items, resourceVersion } = await kube.list<T>(resource, scope);
    metrics?.listed(resource.plural, isReady ? 'expired' : 'start');
    emit(store.replace(trimmed(items)));
    position = resourceVersion;
    isReady = true;
    announce();
  }

  async function follow(timings: ReflectorTimings, signal: AbortSignal, alive: () => void): Promise<void> {
    const [least, most] = timings.watchSeconds;
    const timeoutSeconds = Math.round(least + Math.random() * (most - least));
    const { idleMs } = timings;
    const from = { ...scope, resourceVersion: position, timeoutSeconds, idleMs, signal };
    for await (const { type, object } of kube.watch<T>(resource, from)) {
      if (signal.aborted) return;
      alive();
      const change = take(store, type, trimmed([object])[0]!);
      if (change) emit([change]);
      position = object.metadata.resourceVersion ?? position;
    }
  }

  /** How many changes the watch had lost. */
  async function mend(lagMs: number, signal: AbortSignal): Promise<number> {
    const { mark } = store;
    const { items } = await kube.list<T>(resource, scope);
    metrics?.listed(resource.plural, 'periodic');
    await pause(lagMs, signal);
    if (signal.aborted) return 0;
    const changes = store.mend(trimmed(items), mark);
    if (changes.length === 0) return 0;
    metrics?.missed(resource.plural, changes.length);
    options.log('warn', 'the watch has lost changes', { kind: resource.kind, changes: changes.length });
    emit(changes);
    return changes.length;
  }

  return {
    list,
    follow,
    mend,
    position: () => position,
    forgetPosition() {
      position = '';
    },
    view: {
      get: store.get,
      list: store.list,
      get size() {
        return store.size;
      },
      synced,
      hasSynced: () => isReady,
    },
  };
}

function take<T extends KubeObject>(
  store: WritableStore<T>,
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK',
  object: T,
): Change<T> | undefined {
  if (type === 'BOOKMARK') return undefined;
  return type === 'DELETED' ? store.drop(object) : store.put(object);
}

function createEmit<T extends KubeObject>({ resource, onChange, log, metrics }: ReflectorOptions<T>) {
  return function emit(changes: readonly Change<T>[]): void {
    for (const change of changes) {
      try {
        onChange?.(change);
      } catch (error) {
        metrics?.failed(resource.plural);
        log('error', 'a handler of changes failed', { kind: resource.kind, error: String(error) });
      }
    }
  };
}
