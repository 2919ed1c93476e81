import { Agent, request } from 'undici';

export interface Target {
  readonly origin: string;
  readonly headers: Record<string, string>;
  readonly bodies: readonly Buffer[];
}

export interface Sample {
  /** From the intended send time to the end of the answer, milliseconds; of calls that were answered 200. */
  readonly latencies: Float64Array;
  /** The same calls, from the moment the client really sent them: a client that lags is not the sidecar's queue. */
  readonly sinceSent: Float64Array;
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
}

interface Collected {
  readonly latencies: number[];
  readonly sinceSent: number[];
  readonly statuses: Record<string, number>;
}

function sampleOf({ latencies, sinceSent, statuses }: Collected, seconds: number): Sample {
  return {
    latencies: Float64Array.from(latencies).sort(),
    sinceSent: Float64Array.from(sinceSent).sort(),
    statuses,
    seconds,
  };
}

export interface Client {
  /** Open loop: calls are sent at their intended times whatever became of the ones before. */
  open(target: Target, rate: number, seconds: number): Promise<Sample>;
  /** Closed loop: `connections` callers, each with one call at a time. */
  closed(target: Target, connections: number, seconds: number): Promise<Sample>;
  close(): Promise<void>;
}

const PATH = '/v1/rerank';

/** `connections`: how many at most. */
export function createClient(connections: number): Client {
  let turn = 0;
  const agent = new Agent({ connections, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });

  async function call(target: Target, intended: number, into: Collected) {
    const sentAt = performance.now();
    let status: string;
    try {
      const answer = await request(`${target.origin}${PATH}`, {
        method: 'POST',
        headers: target.headers,
        body: target.bodies[turn++ % target.bodies.length] as Buffer,
        dispatcher: agent,
      });
      await answer.body.arrayBuffer();
      status = String(answer.statusCode);
    } catch (error) {
      status = (error as { code?: string }).code ?? 'error';
    }
    into.statuses[status] = (into.statuses[status] ?? 0) + 1;
    if (status !== '200') return;
    into.latencies.push(performance.now() - intended);
    into.sinceSent.push(performance.now() - sentAt);
  }

  return {
    async open(target, rate, seconds) {
      const into: Collected = { latencies: [], sinceSent: [], statuses: {} };
      const calls: Promise<void>[] = [];
      const start = performance.now();
      const total = Math.round(rate * seconds);
      await new Promise<void>((resolve) => {
        let sent = 0;
        function tick(): void {
          const due = Math.min(total, Math.floor(((performance.now() - start) * rate) / 1000) + 1);
          for (; sent < due; sent++) calls.push(call(target, start + (sent * 1000) / rate, into));
          if (sent >= total) {
            resolve();
            return;
          }
          const wait = start + (sent * 1000) / rate - performance.now();
          // A timer is a millisecond coarse; the last stretch is waited out in the event loop.
          if (wait > 2) setTimeout(tick, wait - 1.5);
          else setImmediate(tick);
        }
        tick();
      });
      await Promise.all(calls);
      return sampleOf(into, seconds);
    },
    async closed(target, callers, seconds) {
      const into: Collected = { latencies: [], sinceSent: [], statuses: {} };
      const end = performance.now() + seconds * 1000;
      async function caller(): Promise<void> {
        while (performance.now() < end) await call(target, performance.now(), into);
      }
      await Promise.all(Array.from({ length: callers }, caller));
      return sampleOf(into, seconds);
    },
    close: () => agent.close(),
  };
}

/** The q-quantile of sorted values, q in [0, 1]. */
export function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
