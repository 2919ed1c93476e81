import type { CompiledPolicy, Facts, Problem } from '@rankguard/contract';
import { codeOf } from '@rankguard/contract';
import { ENTRYPOINT } from '@rankguard/sidecar/policy';
import { type Analysis, analyse } from './analyse.ts';
import { createCache } from './cache.ts';
import { type Capabilities, readCapabilities, SUPPORTED_BUILTINS } from './capabilities.ts';
import { digestOf } from './digest.ts';
import { FACTS_SHAPE } from './facts-shape.ts';
import { meter } from './meter/index.ts';
import { builtinsOf } from './module-builtins.ts';
import { createOpa, OPA_VERSION, type Opa, type OpaDirectory, type OpaPath } from './opa/index.ts';
import { readFromTarGz } from './opa/tar.ts';
import type { PolicySource } from './policy-source.ts';
import { createProblems, type Problems, readBuildErrors } from './problems.ts';
import { runTests, type TestReport } from './rego-tests.ts';
import { checkSizes } from './sizes.ts';
import { type Constants, constantsOf } from './trial/constants.ts';
import { type Evaluation, evaluateInOpa } from './trial/evaluate.ts';
import { tryOut } from './try-out.ts';
import { wrapperModule } from './wrapper.ts';

/** Raised when what is made of the same sources changes: wrapper, projection, meter, format of the cache. */
const OUTPUT_FORMAT = 2;

export type CompileResult =
  | { readonly ok: true; readonly policy: CompiledPolicy; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Rego to what a sidecar runs. Whatever is wrong with a policy comes back as problems, all that can be found at
 * once; a policy that crashes or stalls the compiler is one too (COMPILER_FAILED).
 *
 * Every method throws CodedError COMPILER_MISSING when opa is not there.
 */
export interface Compiler {
  /** Errors and warnings, of the policy and of its tests' source. Empty: it compiles and can be evaluated. */
  check(source: PolicySource): Promise<readonly Problem[]>;
  compile(source: PolicySource): Promise<CompileResult>;
  /** Runs the policy's Rego tests. */
  test(source: PolicySource): Promise<TestReport>;
  /** `compile` for a policy that is to be put in force: its tests must pass as well (POLICY_TEST_FAILED). */
  release(source: PolicySource): Promise<CompileResult>;
  /**
   * What OPA's own evaluator says about calls, and what of the policy they reach. `inputs` may be made from what
   * the policy speaks of. null: the policy has errors.
   */
  evaluate(
    source: PolicySource,
    inputs: (constants: Constants) => readonly Facts[],
  ): Promise<Evaluation | null>;
}

export interface CompilerOptions {
  /** Path of opa at {@link OPA_VERSION}; a function is asked only when something is not in the cache. */
  readonly opa: OpaPath;
  /** Where compiled policies are kept between runs; none: they are not. */
  readonly cacheDir?: string;
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Longest that one run of opa may take. */
  readonly wallMs?: number;
}

/** What compiling yields, apart from the name, scope and mode that the resource gives. */
type Output = Pick<
  CompiledPolicy,
  'digest' | 'wasm' | 'data' | 'builtins' | 'codes' | 'projection' | 'rankBy' | 'mixesResults'
>;
interface Kept {
  readonly output: Output;
  readonly warnings: readonly Problem[];
}
type CompileOutcome = { readonly kept: Kept } | { readonly problems: readonly Problem[] };

export function createCompiler(options: CompilerOptions): Compiler {
  const { log } = options;
  const opa = createOpa({ path: options.opa, ...(options.wallMs ? { wallMs: options.wallMs } : {}) });
  const cache = createCache(options.cacheDir);
  /** Policies with their tests, by digest, whose tests passed. */
  const passed = new Set<string>();
  let capabilities: Promise<Capabilities> | null = null;

  function capabilitiesOf(directory: OpaDirectory): Promise<Capabilities> {
    capabilities ??= readCapabilities(directory).catch((error: unknown) => {
      capabilities = null;
      throw error;
    });
    return capabilities;
  }

  async function compile(source: PolicySource): Promise<CompileResult> {
    const started = performance.now();
    const digest = digestOfSource(source);
    const cached = await cache.read(digest);
    if (cached !== undefined) {
      const kept = JSON.parse(cached) as Kept;
      return finished(source, kept);
    }
    const outcome = await rejectingCrashes(source, () => compileAfresh(opa, capabilitiesOf, source, digest));
    const ms = Math.round(performance.now() - started);
    log?.('policy compiled', { policy: source.name, digest, ok: 'kept' in outcome, ms });
    if ('problems' in outcome) return { ok: false, problems: outcome.problems };
    try {
      await cache.write(digest, JSON.stringify(outcome.kept));
    } catch (error) {
      // The next start is slower; the policy is as good.
      log?.('policy cache cannot be written', { error: (error as Error).message });
    }
    return finished(source, outcome.kept);
  }

  async function check(source: PolicySource): Promise<readonly Problem[]> {
    const result = await compile(source);
    const found = result.ok ? result.warnings : result.problems;
    if (Object.keys(source.tests).length === 0) return found;
    const checked = await rejectingCrashes(source, async () => ({
      problems: await opa.inDirectory(async (directory) => {
        const { problems } = await analyse(source, directory, await capabilitiesOf(directory), {
          tests: true,
        });
        return problems.all;
      }),
    }));
    // What was found without the tests stands; with them there are only more errors.
    const known = new Set(found.map((problem) => JSON.stringify(problem)));
    const more = checked.problems.filter(({ severity }) => severity === 'error');
    return [...found, ...more.filter((problem) => !known.has(JSON.stringify(problem)))];
  }

  async function test(source: PolicySource): Promise<TestReport> {
    return await opa.inDirectory(async (directory) =>
      runTests(source, directory, await capabilitiesOf(directory)),
    );
  }

  async function release(source: PolicySource): Promise<CompileResult> {
    const result = await compile(source);
    if (!result.ok || Object.keys(source.tests).length === 0) return result;
    const key = digestOf({ policy: result.policy.digest, tests: source.tests });
    if (passed.has(key)) return result;
    const report = await test(source);
    if (!report.ok) return { ok: false, problems: [...report.problems, ...failedTests(report)] };
    passed.add(key);
    return result;
  }

  return {
    check,
    compile,
    test,
    release,
    evaluate: (source, inputs) => evaluate(opa, capabilitiesOf, source, inputs),
  };
}

async function evaluate(
  opa: Opa,
  capabilitiesOf: (directory: OpaDirectory) => Promise<Capabilities>,
  source: PolicySource,
  inputs: (constants: Constants) => readonly Facts[],
): Promise<Evaluation | null> {
  return await opa.inDirectory(async (directory) => {
    const analysis = await analyse(source, directory, await capabilitiesOf(directory), { tests: false });
    const { problems, rules, modules } = analysis;
    if (problems.hasErrors() || rules === null) return null;
    const calls = inputs(constantsOf(modules, source.data));
    return await evaluateInOpa(source, directory, { ...analysis, rules }, calls);
  });
}

function failedTests({ tests }: TestReport): Problem[] {
  return tests
    .filter(({ outcome }) => outcome === 'fail' || outcome === 'error')
    .map(({ name, file, line, outcome, output }) => ({
      severity: 'error',
      code: 'POLICY_TEST_FAILED',
      message: `${name}: ${outcome}${output === '' ? '' : `: ${output.trim()}`}`,
      file,
      line,
      path: null,
    }));
}

function finished(source: PolicySource, { output, warnings }: Kept): CompileResult {
  const { name, scope, mode } = source;
  return { ok: true, policy: { name, scope, mode, ...output }, warnings };
}

/** Everything that the output depends on: the sources, the data and the compiler. Tests and names are not. */
function digestOfSource({ modules, data }: PolicySource): string {
  const compiler = {
    format: OUTPUT_FORMAT,
    opa: OPA_VERSION,
    builtins: SUPPORTED_BUILTINS,
    facts: FACTS_SHAPE,
  };
  return digestOf({ compiler, modules, data });
}

async function compileAfresh(
  opa: Opa,
  capabilitiesOf: (directory: OpaDirectory) => Promise<Capabilities>,
  source: PolicySource,
  digest: string,
): Promise<CompileOutcome> {
  const oversized = checkSizes(source);
  if (oversized.length > 0) return { problems: oversized };
  return await opa.inDirectory(async (directory) => {
    const analysis = await analyse(source, directory, await capabilitiesOf(directory), { tests: false });
    const { problems, rules, projection } = analysis;
    if (problems.hasErrors() || !rules) return { problems: problems.all };
    const wasm = await build(directory, analysis, wrapperModule(rules));
    if (wasm === null) return { problems: problems.all };
    const output: Output = {
      digest,
      wasm: Buffer.from(meter(wasm)).toString('base64'),
      data: JSON.stringify(source.data),
      builtins: builtinsOf(wasm),
      codes: rules.codes,
      rankBy: rules.rankBy,
      mixesResults: rules.mixesResults,
      projection,
    };
    for (const fault of tryOut({ name: source.name, scope: source.scope, mode: source.mode, ...output })) {
      problems.addPlain('POLICY_INVALID', fault);
    }
    if (problems.hasErrors()) return { problems: problems.all };
    return { kept: { output, warnings: problems.all } };
  });
}

/** Without -O: partial evaluation would run the author's loops inside the compiler. */
async function build(
  directory: OpaDirectory,
  analysis: Analysis,
  wrapper: string,
): Promise<Uint8Array | null> {
  await directory.write('main.rego', wrapper);
  const flags = ['-t', 'wasm', '-O0', '-e', ENTRYPOINT, '--capabilities', 'capabilities.json'];
  const files = [...analysis.files, 'main.rego'];
  const { status, stdout, stderr } = await directory.run([
    'build',
    ...flags,
    '-o',
    'bundle.tar.gz',
    ...files,
  ]);
  if (status === 0) return await readFromTarGz(await directory.read('bundle.tar.gz'), 'policy.wasm');
  readBuildErrors(`${stdout}\n${stderr}`, analysis.problems);
  return null;
}

/** A crash or stall of the compiler is a rejected policy, never a crashed program. */
async function rejectingCrashes<T>(
  source: PolicySource,
  work: () => Promise<T>,
): Promise<T | { readonly problems: readonly Problem[] }> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== 'COMPILER_FAILED') throw error;
    const problems: Problems = createProblems(source, new Map());
    problems.addPlain('COMPILER_FAILED', (error as Error).message);
    return { problems: problems.all };
  }
}
