import type { ResponseReading } from '../dialects/index.ts';
import { displacementOf, rankingsOf } from '../displacement/index.ts';
import type { UpstreamRequest } from '../forward/index.ts';
import type { Metrics } from '../metrics/index.ts';
import type { Judged, RequestCall } from './request-phase.ts';
import { decodeResponse, sentParts } from './response-phase.ts';
import { connectionName } from './trace.ts';

/** Second scorings at a time: they must not take the upstream from those who wait for an answer. */
const MOST_AT_ONCE = 1;
/** Longer bodies are not sent twice, and longer answers to them not read. */
const MOST_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** A call that is scored a second time, masked. */
export interface Sample {
  /** What the upstream would have got with order mask-then-score; null: the same, for nothing in it is masked. */
  readonly body: Buffer | null;
  /** For each ranking: the ids in that body, where results name them. */
  readonly ids: Judged['ids'];
  /** The rankings of the answer; set when there is one. */
  rankings: readonly (readonly number[])[] | null;
}

export interface DisplacementSampler {
  /** Whether a call shall be scored a second time; never while another one is. */
  chooses(percent: number): boolean;
  /**
   * Scores the sample of a call that was allowed and answered, and counts how far the order moved. Nobody waits for it,
   * it never throws, and it sends once or not at all. `request` makes what is sent from the masked body; null: it cannot.
   */
  measure(call: RequestCall, judged: Judged, request: (body: Buffer) => UpstreamRequest | null): void;
}

export function createDisplacementSampler({
  metrics,
  random = Math.random,
}: {
  readonly metrics: Metrics;
  /** From 0 to less than 1. */
  readonly random?: () => number;
}): DisplacementSampler {
  let running = 0;

  async function score(
    call: RequestCall,
    judged: Judged,
    sample: Sample,
    request: UpstreamRequest,
  ): Promise<ResponseReading | null> {
    const { active, matched } = call;
    const { limits } = active.bundle.connection;
    const response = await active.upstream.send(request, {
      signal: new AbortController().signal,
      maxBytes: Math.min(limits.responseBytes, MOST_BYTES),
      timeoutMs: Math.min(limits.timeoutSeconds * 1000, TIMEOUT_MS),
      reserve: () => true,
    });
    if (!response.ok || response.status !== 200) return null;
    const body = await decodeResponse(call, response, (bytes) => bytes <= MOST_BYTES);
    if (!Buffer.isBuffer(body)) return null;
    // From here on synchronous: the reader's document is its own until the next body.
    const read = active.reader.read(body);
    const reading = read.ok
      ? matched.dialect.readResponse(read.document, matched.route, sentParts({ ...judged, ids: sample.ids }))
      : null;
    return reading?.ok === true ? reading : null;
  }

  function observe(connection: string, first: Sample['rankings'], second: Sample['rankings']): void {
    for (const [place, ranking] of (first ?? []).entries()) {
      const moved = displacementOf(ranking, second?.[place] ?? []);
      if (moved !== null) metrics.displacement(connection, moved);
    }
  }

  async function run(
    call: RequestCall,
    judged: Judged,
    sample: Sample,
    request: UpstreamRequest,
  ): Promise<void> {
    const connection = connectionName(call.active.bundle.connection);
    running++;
    try {
      const reading = await score(call, judged, sample, request);
      if (reading !== null) observe(connection, sample.rankings, rankingsOf(reading));
      metrics.rankSample(connection, reading === null ? 'failed' : 'measured');
    } catch {
      metrics.rankSample(connection, 'failed');
    } finally {
      running--;
    }
  }

  return {
    chooses: (percent) => percent > 0 && running < MOST_AT_ONCE && random() * 100 < percent,
    measure(call, judged, request) {
      const { sample } = judged;
      if (sample === null || sample.rankings === null) return;
      const connection = connectionName(call.active.bundle.connection);
      if (sample.body === null) {
        observe(connection, sample.rankings, sample.rankings);
        metrics.rankSample(connection, 'unchanged');
        return;
      }
      const made = running >= MOST_AT_ONCE || sample.body.length > MOST_BYTES ? null : request(sample.body);
      if (made === null) metrics.rankSample(connection, 'skipped');
      else void run(call, judged, sample, made);
    },
  };
}
