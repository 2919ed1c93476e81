import { crowd } from './crowd.ts';
import type { Guarded, Issuer } from './guarded.ts';
import { type Client, createClient, median, quantile, type Sample, type Target } from './load.ts';
import { type Process, usageOf } from './processes.ts';
import type { Latency, Overload, Throughput } from './report.ts';
import type { Workload } from './workload.ts';

export interface BenchOptions {
  readonly issuer: Issuer;
  readonly workloads: readonly Workload[];
  readonly upstreamUrl: string;
  readonly hop: { readonly origin: string; readonly process: Process };
  readonly start: (nodeArgs?: readonly string[]) => Promise<Guarded>;
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly soakSeconds: number;
  readonly profileArgs: readonly string[];
  readonly progress: (text: string) => void;
}

export interface Run {
  restMiB(): number;
  latency(): Promise<Latency[]>;
  large(): Promise<Latency>;
  soak(): Promise<number>;
  throughput(): Promise<Throughput>;
  overload(capacity: number): Promise<Overload>;
}

const KINDS = ['direct', 'hop', 'guarded'] as const;
type Kind = (typeof KINDS)[number];
const STARTS = 7;
const CALLERS = 12;
const OVERLOAD_FACTOR = 3;

function targetsFor(options: BenchOptions, guarded: Guarded, workload: Workload): Record<Kind, Target> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${options.issuer.token}` };
  const { bodies } = workload;
  return {
    direct: { origin: options.upstreamUrl, headers, bodies },
    hop: { origin: options.hop.origin, headers, bodies },
    guarded: { origin: guarded.origin, headers, bodies },
  };
}

interface Slice {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly cpuMs: number;
}

function sliceOf(sample: Sample, cpuMs: number): Slice {
  const calls = Object.values(sample.statuses).reduce((sum, count) => sum + count, 0);
  if (sample.latencies.length !== calls) throw new Error(`calls failed: ${JSON.stringify(sample.statuses)}`);
  const at = (q: number) => quantile(sample.latencies, q);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), cpuMs: cpuMs / calls };
}

/** Direct, hop and guarded in turn, round by round, so that what the machine does besides hits all alike. */
async function interleaved(
  options: BenchOptions,
  client: Client,
  guarded: Guarded,
  workload: Workload,
  load: { rate: number; seconds: number },
): Promise<Latency> {
  const targets = targetsFor(options, guarded, workload);
  const pids: Record<Kind, number> = {
    direct: 0,
    hop: options.hop.process.pid,
    guarded: guarded.process.pid,
  };
  const slices: Record<Kind, Slice[]> = { direct: [], hop: [], guarded: [] };
  for (const kind of KINDS) await client.open(targets[kind], load.rate, Math.max(2, load.seconds / 2));
  for (let round = 1; round <= options.rounds; round++) {
    options.progress(`${workload.name}, ${load.rate}/s, round ${round} of ${options.rounds}`);
    for (const kind of KINDS) {
      const before = usageOf(pids[kind]).cpuMs;
      const sample = await client.open(targets[kind], load.rate, load.seconds);
      slices[kind].push(sliceOf(sample, usageOf(pids[kind]).cpuMs - before));
    }
  }
  const of = (kind: Kind, figure: keyof Slice) => median(slices[kind].map((slice) => slice[figure]));
  const all = (kind: Kind) => ({
    p50: of(kind, 'p50'),
    p95: of(kind, 'p95'),
    p99: of(kind, 'p99'),
    cpuMs: of(kind, 'cpuMs'),
  });
  return {
    workload: workload.name,
    rate: load.rate,
    direct: all('direct'),
    hop: all('hop'),
    guarded: all('guarded'),
  };
}

export function createBench(options: BenchOptions) {
  const workload = (documents: number) =>
    options.workloads.find((entry) => entry.documents === documents) as Workload;

  return {
    /** Milliseconds from the start of the process to its ready line, with compiled policies in its state. */
    async start(): Promise<number> {
      const times: number[] = [];
      for (let round = 0; round <= STARTS; round++) {
        const guarded = await options.start();
        // The first start compiles the policies.
        if (round > 0) times.push(guarded.startMs);
        await guarded.process.stop();
      }
      return median(times);
    },
    async withSidecar(use: (run: Run) => Promise<void>): Promise<void> {
      const guarded = await options.start(options.profileArgs);
      const client = createClient(64);
      try {
        await use(createRun(options, client, guarded, workload));
      } finally {
        await client.close();
        await guarded.process.stop();
      }
    },
  };
}

function createRun(
  options: BenchOptions,
  client: Client,
  guarded: Guarded,
  workload: (documents: number) => Workload,
): Run {
  const { rate, seconds } = options;
  const main = targetsFor(options, guarded, workload(50)).guarded;
  const rss = () => usageOf(guarded.process.pid).rssMiB;
  return {
    restMiB: rss,
    async latency() {
      const measured: Latency[] = [];
      for (const documents of [50, 10]) {
        measured.push(await interleaved(options, client, guarded, workload(documents), { rate, seconds }));
      }
      return measured;
    },
    large: () =>
      interleaved(options, client, guarded, workload(1000), { rate: 10, seconds: Math.max(seconds, 5) }),
    async soak() {
      options.progress(`${options.soakSeconds} s at ${rate}/s`);
      await client.open(main, rate, options.soakSeconds);
      return rss();
    },
    async throughput() {
      const perSecond: Record<'hop' | 'guarded', number[]> = { hop: [], guarded: [] };
      const targets = targetsFor(options, guarded, workload(50));
      for (let round = 1; round <= options.rounds; round++) {
        options.progress(`throughput, round ${round} of ${options.rounds}`);
        for (const kind of ['hop', 'guarded'] as const) {
          const sample = await client.closed(targets[kind], CALLERS, seconds);
          perSecond[kind].push(sample.latencies.length / sample.seconds);
        }
      }
      return { hop: median(perSecond.hop), guarded: median(perSecond.guarded) };
    },
    async overload(capacity) {
      const before = rss();
      const offered = Math.round(capacity * OVERLOAD_FACTOR);
      options.progress(`overload: ${offered}/s for ${seconds} s`);
      const cpuBefore = performance.now();
      const sample = await crowd(main, offered, seconds);
      const took = (performance.now() - cpuBefore) / 1000;
      const calls = Object.values(sample.statuses).reduce((sum, count) => sum + count, 0);
      return {
        offered: calls / seconds,
        took,
        statuses: sample.statuses,
        servedPerSecond: sample.latencies.length / took,
        p50: quantile(sample.sinceSent, 0.5),
        p99: quantile(sample.sinceSent, 0.99),
        p99Intended: quantile(sample.latencies, 0.99),
        rssBeforeMiB: before,
        rssAfterMiB: rss(),
      };
    },
  };
}
