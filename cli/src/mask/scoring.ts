/** A value of a labelled text: half open, in UTF-16 units. */
export interface Labelled {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

export interface Case {
  readonly text: string;
  readonly spans: readonly Labelled[];
  /** The only entity that the text is labelled for, or null: all are. */
  readonly only: string | null;
}

export interface EntityScore {
  readonly entity: string;
  /** Labelled values, and how many of them were masked. */
  readonly values: number;
  readonly masked: number;
  /** Texts that must not hold one, and in how many none was found. */
  readonly absent: number;
  readonly kept: number;
}

export interface Score {
  readonly entities: readonly EntityScore[];
  /** Letters and digits outside labelled values. Texts that label only one entity do not count. */
  readonly benign: { readonly all: number; readonly masked: number };
  /** Milliseconds a text; megabytes of UTF-8 a second over all. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly megabytesPerSecond: number };
}

/** The share of a value's letters and digits that must be covered. */
const ENOUGH = 0.95;
const COUNTED = /[\p{L}\p{N}]/u;

type Find = (
  text: string,
) => readonly { readonly start: number; readonly end: number; readonly label: string }[];

/** Scores what `find` finds; `now` is a clock in milliseconds. */
export function scoreCases(cases: readonly Case[], find: Find, now: () => number): Score {
  const entities = new Map<
    string,
    { entity: string; values: number; masked: number; absent: number; kept: number }
  >();
  const entityOf = (entity: string) => {
    const known = entities.get(entity) ?? { entity, values: 0, masked: 0, absent: 0, kept: 0 };
    entities.set(entity, known);
    return known;
  };
  // What is compiled on first use is no part of the latency.
  for (const { text } of cases.slice(0, 200)) find(text);
  const times: number[] = [];
  let bytes = 0;
  let all = 0;
  let masked = 0;
  for (const { text, spans, only } of cases) {
    const before = now();
    const findings = find(text);
    times.push(now() - before);
    bytes += Buffer.byteLength(text);
    const covered = marksOf(text, findings);
    for (const { start, end, label } of spans) {
      const one = entityOf(label);
      one.values++;
      if (isCovered(text, covered, start, end)) one.masked++;
    }
    if (only !== null && spans.length === 0) {
      const one = entityOf(only);
      one.absent++;
      if (!findings.some(({ label }) => label === only)) one.kept++;
    }
    if (only !== null) continue;
    const outside = benignOf(text, marksOf(text, spans), covered);
    all += outside.all;
    masked += outside.masked;
  }
  times.sort((a, b) => a - b);
  const total = times.reduce((sum, time) => sum + time, 0);
  const quantile = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    entities: [...entities.values()].toSorted((a, b) => a.entity.localeCompare(b.entity)),
    benign: { all, masked },
    latency: {
      p50: quantile(0.5),
      p99: quantile(0.99),
      megabytesPerSecond: total === 0 ? 0 : bytes / 1e6 / (total / 1e3),
    },
  };
}

function benignOf(text: string, gold: Uint8Array, covered: Uint8Array): { all: number; masked: number } {
  let all = 0;
  let masked = 0;
  for (let at = 0; at < text.length; at++) {
    if (gold[at] === 1 || !COUNTED.test(text[at]!)) continue;
    all++;
    masked += covered[at]!;
  }
  return { all, masked };
}

function marksOf(
  text: string,
  spans: readonly { readonly start: number; readonly end: number }[],
): Uint8Array {
  const marks = new Uint8Array(text.length);
  for (const { start, end } of spans) marks.fill(1, start, end);
  return marks;
}

function isCovered(text: string, covered: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  let hidden = 0;
  for (let at = start; at < end; at++) {
    if (!COUNTED.test(text[at]!)) continue;
    all++;
    hidden += covered[at]!;
  }
  return hidden >= ENOUGH * all;
}
