import { type Compiler, createCompiler, type PolicySource, synthesise } from '@rankguard/compiler';
import type { CompiledPolicy, Facts } from '@rankguard/contract';
import {
  createPolicyHost,
  createPolicySet,
  createProjector,
  DEFAULT_FUEL,
  ENTRYPOINT,
  HOST_BUILTIN_RUNNER,
} from '@rankguard/sidecar/policy';
import { EXIT, Exit, type Io, paint, table } from '../io.ts';
import { problemLines } from '../problems.ts';
import { type Format, failures, junit, type Suite, sarif } from './formats.ts';
import { readSources } from './sources.ts';

export interface BenchOptions {
  readonly output: Format;
  readonly documents: number;
  readonly calls: number;
  readonly seed: number;
  /** Microseconds that the median decision may take. */
  readonly budget: number;
}

interface Cost {
  readonly policy: string;
  /** Microseconds for one decision, serialising the facts included. */
  readonly p50: number;
  readonly p99: number;
  /** Percent of the fuel that one evaluation may use, of the dearest call: the same on every machine. */
  readonly fuel: number;
  readonly bytes: number;
  readonly ok: boolean;
}

/** Measures what a decision costs on made-up calls; ends with 1 when a policy's median is over the budget. */
export async function bench(io: Io, directory: string, options: BenchOptions): Promise<void> {
  const { sources, problems } = await readSources(directory);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  const compiler = createCompiler({ opa: io.findOpa });
  const costs: Cost[] = [];
  for (const source of sources) costs.push(await costOf(compiler, source, options));
  io.stdout.write(FORMATS[options.output](io, costs, options));
  if (costs.some(({ ok }) => !ok)) throw new Exit(EXIT.found, '');
}

async function costOf(compiler: Compiler, source: PolicySource, options: BenchOptions): Promise<Cost> {
  const { budget, documents, calls: count, seed } = options;
  const compiled = await compiler.compile(source);
  if (!compiled.ok) throw new Exit(EXIT.data, problemLines(compiled.problems).trimEnd());
  let calls: readonly Facts[] = [];
  await compiler.evaluate(source, (constants) => {
    calls = synthesise({ count, seed, constants, documents });
    return [];
  });
  const { policy } = compiled;
  const times = measure(policy, calls);
  const p50 = quantile(times, 0.5);
  const { fuel, bytes } = dearest(policy, calls);
  return { policy: source.name, p50, p99: quantile(times, 0.99), fuel, bytes, ok: p50 <= budget };
}

/** Ascending microseconds of the calls, after the engine has optimised what is hot. */
function measure(policy: CompiledPolicy, calls: readonly Facts[]): readonly number[] {
  const policies = createPolicySet([{ ...policy, mode: 'enforce' }]);
  policies.warm(calls.slice(0, 20));
  return calls
    .map((facts) => {
      const started = performance.now();
      policies.decide(facts, facts.phase);
      return (performance.now() - started) * 1000;
    })
    .toSorted((a, b) => a - b);
}

function dearest(policy: CompiledPolicy, calls: readonly Facts[]): { fuel: number; bytes: number } {
  const host = createPolicyHost({
    name: policy.name,
    wasm: Buffer.from(policy.wasm, 'base64'),
    data: policy.data,
    entrypoint: ENTRYPOINT,
    builtins: HOST_BUILTIN_RUNNER,
    fuel: DEFAULT_FUEL,
  });
  const project = createProjector(policy.projection);
  let used = 0;
  let bytes = 0;
  for (const facts of calls) {
    const input = Buffer.from(JSON.stringify(project(facts)));
    bytes = Math.max(bytes, input.length);
    try {
      host.evaluate(input);
    } catch {
      // What faults is `policy test`'s to say; here it has used what it had.
    }
    const allowed = DEFAULT_FUEL + FUEL_PER_INPUT_BYTE * input.length;
    used = Math.max(used, (allowed - host.fuel) / allowed);
  }
  return { fuel: Math.round(used * 10_000) / 100, bytes };
}
/** As the host gives it: see DEFAULT_FUEL. */
const FUEL_PER_INPUT_BYTE = 8;

function quantile(ascending: readonly number[], q: number): number {
  const at = Math.min(ascending.length - 1, Math.floor(ascending.length * q));
  return Math.round((ascending[at] ?? 0) * 10) / 10;
}

function suitesOf(costs: readonly Cost[], { budget }: BenchOptions): readonly Suite[] {
  return costs.map(({ policy, p50, ok }) => ({
    name: policy,
    checks: [
      {
        name: `median decision within ${budget} µs`,
        file: null,
        line: null,
        outcome: ok ? 'pass' : 'fail',
        detail: `${p50} µs`,
        milliseconds: p50 / 1000,
      },
    ],
  }));
}

const FORMATS: Readonly<Record<Format, (io: Io, costs: readonly Cost[], options: BenchOptions) => string>> = {
  json: (_, policies, { budget, documents, calls, seed }) =>
    `${JSON.stringify({ budget, documents, calls, seed, policies }, null, 2)}\n`,
  sarif: (_, costs, options) => sarif(failures(suitesOf(costs, options))),
  junit: (_, costs, options) => junit('rankguard policy bench', suitesOf(costs, options)),
  table: (io, costs, { budget, documents }) => {
    const rows = costs.map(({ policy, p50, p99, fuel, bytes, ok }) => [
      policy,
      ok ? 'ok' : 'OVER',
      p50.toFixed(1),
      p99.toFixed(1),
      `${fuel} %`,
      `${bytes}`,
    ]);
    const over = costs.filter(({ ok }) => !ok).length;
    const summary = `${costs.length - over} within, ${over} over ${budget} µs, with ${documents} documents`;
    return `${table([['POLICY', 'RESULT', 'P50 µs', 'P99 µs', 'FUEL', 'INPUT BYTES'], ...rows])}${paint(io, over === 0 ? 'green' : 'red', summary)}\n`;
  },
};
