import { createHash } from 'node:crypto';
import { type Kube, type KubeObject, microTime, RESOURCES, type ReflectorLog } from '../kube/index.ts';

/** What an Event is about: an object of the cluster. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}
/** A notice for people. It must hold no query text and nobody's name. */
export interface Happening {
  readonly regarding: Regarding;
  readonly type: 'Normal' | 'Warning';
  /** Why, as one word from a small set, e.g. POLICY_DENY. */
  readonly reason: string;
  /** What was done, as one word from a small set, e.g. Deny. */
  readonly action: string;
  readonly note: string;
  /** How often it happened; 1 unless said. */
  readonly count?: number;
}
export interface EventMetrics {
  /** Why one did not become an Event: `rate`, `full` or `failed`. */
  dropped(why: string, count: number): void;
  written(): void;
}

export interface RecorderOptions {
  readonly kube: Kube;
  /** Name of the controller, and of this instance. */
  readonly controller: string;
  readonly instance: string;
  readonly log: ReflectorLog;
  readonly metrics: EventMetrics;
  readonly now?: () => number;
  /** Milliseconds in which equal happenings become one Event. */
  readonly gatherMs?: number;
}

export interface Recorder {
  /** Never throws and never waits. */
  record(happening: Happening): void;
  /** Writes what is gathered. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** As client-go has it: bursts of 25 for one object, then one in five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
const MOST_WAITING = 1000;
const MOST_OBJECTS = 5000;
const MOST_NOTE = 1024;
/** A series goes on in the same Event for as long as the API server is likely to keep it. */
const SERIES_MS = 1_800_000;
const GATHER_MS = 2_000;

interface Waiting extends Happening {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}
interface Series {
  readonly name: string;
  readonly count: number;
  readonly first: number;
  readonly at: number;
}

/**
 * Writes Events (events.k8s.io/v1). Equal happenings are gathered and counted: the first becomes an Event,
 * later ones its series. What is too much for one object, or for the queue, is dropped and counted.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  const { kube, metrics, log, now = Date.now, gatherMs = GATHER_MS } = options;
  const waiting = new Map<string, Waiting>();
  const series = new Map<string, Series>();
  const budgets = createBudgets(now);
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function record(happening: Happening): void {
    const key = keyOf(happening);
    const { count = 1 } = happening;
    const before = waiting.get(key);
    if (before === undefined && waiting.size >= MOST_WAITING) {
      metrics.dropped('full', count);
      return;
    }
    const first = before?.first ?? now();
    waiting.set(key, { ...happening, count: (before?.count ?? 0) + count, first, last: now() });
    timer ??= setTimeout(() => void flush(), gatherMs).unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = [...waiting];
    waiting.clear();
    writing = writing.then(async () => {
      for (const [key, happening] of batch) await write(key, happening);
    });
    return writing;
  }

  async function write(key: string, happening: Waiting): Promise<void> {
    const known = series.get(key);
    const goesOn = known !== undefined && now() - known.at < SERIES_MS;
    if (!budgets.take(happening.regarding.uid)) return metrics.dropped('rate', happening.count);
    const next: Series = {
      name: goesOn ? known.name : eventName(happening, now()),
      count: (goesOn ? known.count : 0) + happening.count,
      first: goesOn ? known.first : happening.first,
      at: now(),
    };
    try {
      const event = eventOf(happening, next, options);
      await kube.apply(RESOURCES.events, event, { manager: options.controller });
      series.delete(key);
      series.set(key, next);
      if (series.size > MOST_OBJECTS) series.delete(series.keys().next().value ?? '');
      metrics.written();
    } catch (error) {
      metrics.dropped('failed', happening.count);
      log('warn', 'an Event cannot be written', {
        reason: happening.reason,
        error: (error as Error).message,
      });
    }
  }

  return {
    record,
    flush,
    async stop() {
      clearTimeout(timer);
      await flush();
    },
  };
}

const keyOf = ({ regarding: { uid }, type, reason, action, note }: Happening) =>
  JSON.stringify([uid, type, reason, action, note]);

function eventName(happening: Happening, at: number): string {
  const digest = createHash('sha256')
    .update(`${keyOf(happening)}${at}`)
    .digest('hex')
    .slice(0, 16);
  return `${happening.regarding.name}.${digest}`;
}

function eventOf(happening: Waiting, { name, count, first }: Series, options: RecorderOptions): KubeObject {
  const { regarding, type, reason, action, note, last } = happening;
  const { controller, instance } = options;
  const event = {
    metadata: { namespace: regarding.namespace, name },
    eventTime: microTime(first),
    reportingController: controller,
    reportingInstance: instance,
    type,
    reason,
    action,
    regarding,
    note: note.length > MOST_NOTE ? `${note.slice(0, MOST_NOTE - 1)}…` : note,
    ...(count > 1 && { series: { count, lastObservedTime: microTime(last) } }),
  };
  return event;
}

/** Token buckets by object; the least used is forgotten when there are too many. */
function createBudgets(now: () => number) {
  const buckets = new Map<string, { readonly tokens: number; readonly at: number }>();
  return {
    take(uid: string): boolean {
      const { tokens, at } = buckets.get(uid) ?? { tokens: BURST, at: now() };
      const refilled = Math.min(BURST, tokens + (now() - at) / REFILL_MS);
      buckets.delete(uid);
      buckets.set(uid, { tokens: refilled >= 1 ? refilled - 1 : refilled, at: now() });
      if (buckets.size > MOST_OBJECTS) buckets.delete(buckets.keys().next().value ?? '');
      return refilled >= 1;
    },
  };
}
