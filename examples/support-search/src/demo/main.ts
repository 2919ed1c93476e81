import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EDITS } from './edit.ts';
import { LOG } from './log.ts';
import { growthOf, movedMetrics } from './moved.ts';
import { createProcesses } from './processes.ts';
import { type Finding, STEPS, type Step } from './steps.ts';
import { createPaint, formatHeader, formatRow, wrap } from './table.ts';
import { startWorld, type World } from './world.ts';

const paint = createPaint(process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined);
const keep = process.env['KEEP'] === '1';
const print = (text = '') => void process.stdout.write(`${text}\n`);

interface Failure {
  readonly what: string;
  readonly failures: readonly string[];
  readonly detail: unknown;
}

async function attempt(step: Step, world: World): Promise<Finding> {
  try {
    return await step.run(world);
  } catch (error) {
    return { got: 'the step itself failed', failures: [String(error)], detail: error };
  }
}

/** Runs the steps one after another and prints each as it ends. */
async function runSteps(steps: readonly Step[], world: World): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (const step of steps) {
    const finding = await attempt(step, world);
    const ok = finding.failures.length === 0;
    print(
      formatRow({ what: step.what, who: step.who, expected: step.expected, got: finding.got, ok }, paint),
    );
    for (const line of (finding.shown ?? []).flatMap((text) => wrap(text, 120))) {
      print(paint.dim(`      ${line}`));
    }
    if (!ok) failures.push({ what: step.what, failures: finding.failures, detail: finding.detail });
  }
  return failures;
}

async function checkMetrics(world: World, before: ReadonlyMap<string, number>): Promise<readonly Failure[]> {
  const moved = movedMetrics(before, await world.metrics());
  print(`\n${paint.bold('Metrics that moved')} ${paint.dim(`(${world.admin}/metrics)`)}\n`);
  for (const [series, growth] of moved) print(`  ${`+${growth}`.padStart(6)}  ${series}`);
  const checks: Readonly<Record<string, boolean>> = {
    'allowed calls were counted': growthOf(moved, 'rankguard_calls_total', 'verdict="allow"') > 0,
    'denied calls were counted by reason':
      growthOf(moved, 'rankguard_calls_total', 'reason="POLICY_DENY"') >= 3,
    'masked values were counted': growthOf(moved, 'rankguard_masked_values_total', 'US_SSN') > 0,
    'dropped documents were counted': growthOf(moved, 'rankguard_documents_total', 'outcome="dropped"') > 0,
    'reloads were counted': growthOf(moved, 'rankguard_bundle_reloads_total', 'result="activated"') >= 2,
  };
  const failures = Object.keys(checks).filter((name) => !checks[name]);
  return failures.length === 0 ? [] : [{ what: 'Metrics', failures, detail: Object.fromEntries(moved) }];
}

function printFailures(failures: readonly Failure[], folder: string): void {
  print(paint.bad(`\n${failures.length} expectation${failures.length === 1 ? '' : 's'} did not hold:`));
  for (const { what, failures: names, detail } of failures) {
    print(`\n  ${paint.bold(what)}`);
    for (const name of names) print(`    ✗ ${name}`);
    const text = detail instanceof Error ? (detail.stack ?? detail.message) : JSON.stringify(detail, null, 2);
    for (const line of (text ?? '').slice(0, 4000).split('\n')) print(paint.dim(`      ${line}`));
  }
  print(`\nConfiguration, logs and journal of this run: ${folder}`);
}

function printHints(world: World): void {
  print(`
${paint.bold('Everything keeps running; Ctrl-C ends it.')}

  sidecar    ${world.sidecar}    (health, TEI, Cohere v1 and v2)
  admin      ${world.admin}    (/healthz /readyz /metrics /config)
  reranker   ${world.reranker}    (answers only to the sidecar)
  issuer     ${world.issuer}
  policies   ${world.config}    (edit a file and try again)

  TOKEN=$(curl -s -u ana:ana-demo-secret -d grant_type=client_credentials ${world.issuer}/token |
    sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s ${world.sidecar}/rerank -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"query":"refund","texts":["{\\"id\\":\\"T-1001\\",\\"text\\":\\"Refund for ada@example.com\\"}"],"return_text":true}'
`);
}

async function tell(world: World, folder: string): Promise<boolean> {
  const before = await world.metrics();
  print(`\n${formatHeader(paint)}`);
  const failures = [
    ...(await runSteps(STEPS, world)),
    ...(await runSteps([...EDITS, LOG], world)),
    ...(await checkMetrics(world, before)),
  ];
  if (failures.length > 0) printFailures(failures, folder);
  else print(paint.good('\nEvery expectation held.'));
  return failures.length === 0;
}

/** Resolves at the first Ctrl-C or SIGTERM. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

async function main(): Promise<boolean> {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  const states = fileURLToPath(new URL('../../../../demo-state/', import.meta.url));
  mkdirSync(states, { recursive: true });
  const folder = mkdtempSync(join(states, 'run-'));
  const processes = createProcesses({ folder, env: process.env });
  const signal = interrupted();
  const story = async () => {
    print('Rankguard: a reranker, an OpenID Connect issuer and the sidecar start on this machine …');
    const world = await startWorld({ folder, env: process.env }, processes);
    print(paint.dim(`ready after ${seconds()} s: ${world.sidecar} guards ${world.reranker}`));
    held = await tell(world, folder);
    print(paint.dim(`done after ${seconds()} s`));
    if (keep) {
      printHints(world);
      await signal;
    }
  };
  let held = false;
  try {
    await Promise.race([story(), signal]);
  } catch (error) {
    print(paint.bad(`\nThe demo could not run: ${error instanceof Error ? error.message : String(error)}`));
    for (const { name, lastLines } of processes.running)
      print(`\n--- last lines of ${name}\n${lastLines(20)}`);
  } finally {
    await processes.stop();
  }
  if (held) rmSync(folder, { recursive: true });
  return held;
}

process.exitCode = (await main()) ? 0 : 1;
