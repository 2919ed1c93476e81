import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs everything that is checked, one suite after the other, and ends with one line that sums them up.
 * A suite that cannot count for itself counts as one test. Every suite runs, whatever the ones before said.
 */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}
interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  /** Reads the suite's own counts; without it the exit code is the one test. */
  readonly count?: (output: string) => Counts;
}

const root = join(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'rankguard-test-'));
const jestResults = join(scratch, 'jest.json');
const clusterResults = join(scratch, 'cluster.json');
const node = [process.execPath, '-C', 'source'];

const suites: readonly Suite[] = [
  // Before the suites that ask a real API server, Helm and promtool: without them they would be skipped.
  { name: 'programs of a cluster', command: [...node, 'tools/cluster/main.ts', 'binaries'] },
  { name: 'lint', command: ['biome', 'ci', '--colors=off', '.'] },
  { name: 'build', command: ['make', '--no-print-directory', 'build'] },
  { name: 'types of the tests', command: ['tsc', '-p', 'test'] },
  {
    name: 'jest',
    command: ['npm', 'test', '--silent', '--', '--json', `--outputFile=${jestResults}`],
    count: () => jestCounts(readFileSync(jestResults, 'utf8')),
  },
  {
    name: 'policies of the examples',
    command: [
      ...node,
      'cli/src/main.ts',
      'policy',
      'test',
      'examples/support-search/config',
      '--output',
      'json',
    ],
    count: policyCounts,
  },
  { name: 'demo', command: [...node, 'examples/support-search/src/demo/main.ts'] },
  {
    name: 'end to end in a cluster',
    command: [...node, 'test/cluster/main.ts', '--json', `--outputFile=${clusterResults}`],
    count: () => jestCounts(readFileSync(clusterResults, 'utf8')),
  },
];

function jestCounts(text: string): Counts {
  const results = JSON.parse(text) as Record<string, number>;
  return {
    passed: results['numPassedTests'] ?? 0,
    // A suite that cannot even be loaded has no tests of its own to count.
    failed: (results['numFailedTests'] ?? 0) + (results['numRuntimeErrorTestSuites'] ?? 0),
    skipped: (results['numPendingTests'] ?? 0) + (results['numTodoTests'] ?? 0),
  };
}

function policyCounts(text: string): Counts {
  const { passed, failed, skipped } = JSON.parse(text) as Counts;
  return { passed, failed, skipped };
}

function run(suite: Suite): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const [command = '', ...args] = suite.command;
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // Counted output is JSON for this program, not for people.
      if (suite.count === undefined) process.stdout.write(chunk);
    });
    child.on('error', () => resolve({ code: 127, output: '' }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

async function count(suite: Suite): Promise<Counts> {
  const { code, output } = await run(suite);
  const single = { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  if (suite.count === undefined) return single;
  try {
    const counts = suite.count(output);
    // A suite that failed without a failed test (a crash at its end) has failed all the same.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites) {
  const startedAt = performance.now();
  process.stdout.write(`\n== ${suite.name}\n`);
  const counts = await count(suite);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    `${counts.failed === 0 ? 'ok' : 'FAILED'}: ${suite.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s\n`,
  );
}
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
