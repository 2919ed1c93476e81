import type { MaskingCosts } from './masking/measure.ts';
import type { PolicyCosts } from './policies.ts';
export interface Figures {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly cpuMs: number;
}

export interface Latency {
  readonly workload: string;
  readonly rate: number;
  readonly direct: Figures;
  readonly hop: Figures;
  readonly guarded: Figures;
}

export interface Throughput {
  readonly hop: number;
  readonly guarded: number;
}

export interface Overload {
  readonly offered: number;
  readonly took: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly servedPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p99Intended: number;
  readonly rssBeforeMiB: number;
  readonly rssAfterMiB: number;
}

export interface Results {
  readonly machine: Readonly<Record<string, string | number>>;
  decision?: { readonly p50: number; readonly p99: number };
  policies?: PolicyCosts;
  masking?: MaskingCosts;
  start?: number;
  restMiB?: number;
  soakMiB?: number;
  latency?: readonly Latency[];
  large?: Latency;
  throughput?: Throughput;
  overload?: Overload;
}

const ms = (value: number) => `${value.toFixed(2)} ms`;

interface Row {
  readonly what: string;
  readonly figure: string;
  readonly bar: string;
  readonly met: boolean | null;
}

function latencyRows({ workload, rate, direct, hop, guarded }: Latency, barred: boolean): Row[] {
  const added = (figure: 'p50' | 'p95' | 'p99') => guarded[figure] - direct[figure];
  const hopAdded = hop.p50 - direct.p50;
  const bar = (text: string, met: boolean) => (barred ? { bar: text, met } : { bar: '', met: null });
  const ratio = hopAdded > 0 ? added('p50') / hopAdded : Number.NaN;
  const name = `${workload}, ${rate}/s`;
  return [
    {
      what: `${name}: direct p50/p95/p99`,
      figure: [direct.p50, direct.p95, direct.p99].map(ms).join(' / '),
      bar: '',
      met: null,
    },
    {
      what: `${name}: bare hop adds p50/p99`,
      figure: `${ms(hopAdded)} / ${ms(hop.p99 - direct.p99)}`,
      bar: '',
      met: null,
    },
    {
      what: `${name}: guarded adds p50`,
      figure: ms(added('p50')),
      ...bar('<= 1.20 ms', added('p50') <= 1.2),
    },
    { what: `${name}: guarded adds p95`, figure: ms(added('p95')), bar: '', met: null },
    { what: `${name}: guarded adds p99`, figure: ms(added('p99')), ...bar('<= 8.00 ms', added('p99') <= 8) },
    {
      what: `${name}: added p50, times the bare hop's`,
      figure: `${ratio.toFixed(2)} x`,
      ...bar('<= 2 x', ratio <= 2),
    },
    {
      what: `${name}: CPU per call (bare hop ${ms(hop.cpuMs)})`,
      figure: ms(guarded.cpuMs),
      ...bar('<= 1.40 ms', guarded.cpuMs <= 1.4),
    },
  ];
}

function overloadRows(overload: Overload): Row[] {
  const { offered, servedPerSecond, p50, p99, rssBeforeMiB, rssAfterMiB, statuses, took } = overload;
  return [
    {
      what: 'overload: offered, sent in',
      figure: `${offered.toFixed(0)}/s, ${took.toFixed(1)} s`,
      bar: '',
      met: null,
    },
    { what: 'overload: answers by status', figure: JSON.stringify(statuses), bar: '', met: null },
    {
      what: 'overload: served',
      figure: `${servedPerSecond.toFixed(0)}/s, p50 ${ms(p50)}`,
      bar: '',
      met: null,
    },
    {
      what: 'overload: p99 of served calls, from their sending',
      figure: ms(p99),
      bar: '<= 50 ms',
      met: p99 <= 50,
    },
    {
      what: 'overload: the same, from their intended time',
      figure: ms(overload.p99Intended),
      bar: '',
      met: null,
    },
    {
      what: 'overload: RSS before and after',
      figure: `${rssBeforeMiB.toFixed(0)} / ${rssAfterMiB.toFixed(0)} MiB`,
      bar: 'flat',
      met: null,
    },
  ];
}

function policyRows({ ten, thousand, bothPhases, thousandRules }: PolicyCosts): Row[] {
  const micro = (value: number) => `${(value * 1000).toFixed(1)} µs`;
  const apart = Math.abs(thousand / ten - 1);
  return [
    {
      what: 'policy on counts and identity, 10 / 1,000 documents',
      figure: `${micro(ten)} / ${micro(thousand)}`,
      bar: '± 20 %',
      met: apart <= 0.2,
    },
    {
      what: 'request and response decision, 100 candidates, 5 library policies',
      figure: ms(bothPhases),
      bar: '<= 0.40 ms',
      met: bothPhases <= 0.4,
    },
    {
      what: 'policy of 1,000 rules',
      figure: ms(thousandRules),
      bar: '<= 0.30 ms',
      met: thousandRules <= 0.3,
    },
  ];
}

function maskingRow({ sparse, dense, hostile }: MaskingCosts): Row {
  return {
    what: 'masking of 100 KB, all detectors: sparse / dense / hostile',
    figure: `${ms(sparse)} / ${ms(dense)} / ${ms(hostile)}`,
    bar: 'hostile <= 20 ms',
    met: hostile <= 20,
  };
}

function rowsOf(results: Results): Row[] {
  const rows: Row[] = [];
  const { decision, start, restMiB, soakMiB, large, throughput } = results;
  if (decision) {
    rows.push({
      what: 'warm decision, 100 candidates, p50 / p99',
      figure: `${ms(decision.p50)} / ${ms(decision.p99)}`,
      bar: '<= 0.20 ms',
      met: decision.p50 <= 0.2,
    });
  }
  if (results.policies) rows.push(...policyRows(results.policies));
  if (results.masking) rows.push(maskingRow(results.masking));
  if (start !== undefined)
    rows.push({
      what: 'start to ready, compiled policies',
      figure: `${start.toFixed(0)} ms`,
      bar: '<= 400 ms',
      met: start <= 400,
    });
  if (restMiB !== undefined)
    rows.push({
      what: 'RSS at rest',
      figure: `${restMiB.toFixed(0)} MiB`,
      bar: '<= 100 MB',
      met: restMiB * 1.048576 <= 100,
    });
  if (soakMiB !== undefined)
    rows.push({
      what: 'RSS after the soak',
      figure: `${soakMiB.toFixed(0)} MiB`,
      bar: '<= 180 MB',
      met: soakMiB * 1.048576 <= 180,
    });
  for (const [place, latency] of (results.latency ?? []).entries())
    rows.push(...latencyRows(latency, place === 0));
  if (large) {
    rows.push(...latencyRows(large, false));
    const added = large.guarded.p50 - large.direct.p50;
    rows.push({ what: `${large.workload}: added p50`, figure: ms(added), bar: '<= 12 ms', met: added <= 12 });
  }
  if (throughput) {
    rows.push({
      what: 'throughput on one core (bare hop)',
      figure: `${throughput.hop.toFixed(0)}/s`,
      bar: '',
      met: null,
    });
    rows.push({
      what: 'throughput on one core (guarded)',
      figure: `${throughput.guarded.toFixed(0)}/s`,
      bar: '>= 2000/s',
      met: throughput.guarded >= 2000,
    });
  }
  if (results.overload) rows.push(...overloadRows(results.overload));
  return rows;
}

/** The results as a table: what, figure, bar, whether it was met. */
export function printReport(results: Results): string {
  const rows = rowsOf(results);
  const width = Math.max(...rows.map(({ what }) => what.length));
  const figures = Math.max(...rows.map(({ figure }) => figure.length));
  const lines = rows.map(({ what, figure, bar, met }) => {
    const verdict = met === null ? '' : met ? 'met' : 'MISSED';
    return `${what.padEnd(width)}  ${figure.padEnd(figures)}  ${bar.padEnd(10)}  ${verdict}`.trimEnd();
  });
  const { cpu, cores, node, date } = results.machine;
  return `${lines.join('\n')}\n\n${cores} x ${cpu}, Node ${node}, ${date}; sidecar and hop on one core, client and upstream on another\n`;
}
