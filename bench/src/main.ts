import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureDecision } from './decision.ts';
import { createSandbox, startIssuer, ticketsFile } from './guarded.ts';
import { measureMasking } from './masking/measure.ts';
import { compareWithPresidio } from './masking/side-by-side.ts';
import { createBench } from './measure.ts';
import { measurePolicies } from './policies.ts';
import { startNode } from './processes.ts';
import { printReport, type Results } from './report.ts';
import { createWorkload } from './workload.ts';

const HELP = `make bench ARGS="[options]"

Compares a direct call, a bare buffered hop and the guarded call, interleaved in one run.

  --rounds N      rounds of each measurement; medians are printed (5)
  --seconds N     length of one slice (5)
  --rate N        calls a second of the latency measurement (200)
  --soak N        seconds at that rate before the memory is read (300)
  --quick         1 round, 3-second slices; only decision, masking, start and latency
  --profile       write a CPU profile of the sidecar to bench/results/
  --against FILES only compare the detectors with Presidio's pattern recognisers on labelled files (a,b,…); needs Python
  --only NAMES    latency,throughput,overload,large,soak,decision,masking,start (all)
`;

const SIZES = [
  [10, 20_000],
  [50, 100_000],
  [1000, 2_000_000],
] as const;

const ALL = 'decision,masking,start,latency,large,throughput,overload,soak';
const QUICK = 'decision,masking,start,latency';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '200' },
    soak: { type: 'string', default: '300' },
    only: { type: 'string' },
    against: { type: 'string' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function machine(): Results['machine'] {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
}

async function bench(): Promise<void> {
  const quick = values.quick;
  const only = new Set((values.only ?? (quick ? QUICK : ALL)).split(','));
  const opa = execFileSync(fileURLToPath(new URL('../../tools/opa.sh', import.meta.url)), {
    encoding: 'utf8',
  }).trim();
  const workloads = SIZES.map(([documents, bytes]) => createWorkload(ticketsFile, documents, bytes));
  const results: Results = { machine: machine() };
  if (only.has('decision')) {
    results.decision = await measureDecision(opa);
    results.policies = await measurePolicies(opa);
  }
  if (only.has('masking')) results.masking = measureMasking();
  const issuer = await startIssuer();
  const sandbox = createSandbox(issuer, opa);
  const sizes = SIZES.map(([documents, bytes]) => `${documents}:${bytes}`).join(',');
  const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const upstream = startNode([script('upstream'), ticketsFile.href, sizes], { core: 1 });
  const upstreamUrl = `http://127.0.0.1:${(await upstream.line('port'))['port']}`;
  const hop = startNode([script('hop'), upstreamUrl], { core: 0 });
  const hopUrl = `http://127.0.0.1:${(await hop.line('port'))['port']}`;
  const profileArgs = values.profile ? ['--cpu-prof', '--cpu-prof-dir=bench/results'] : [];
  const start = (nodeArgs: readonly string[] = []) => sandbox.start(upstreamUrl, { core: 0, nodeArgs });
  try {
    const measure = createBench({
      issuer,
      workloads,
      upstreamUrl,
      hop: { origin: hopUrl, process: hop },
      start,
      rounds: quick ? 1 : Number(values.rounds),
      seconds: quick ? 3 : Number(values.seconds),
      rate: Number(values.rate),
      soakSeconds: Number(values.soak),
      profileArgs,
      progress: (text) => process.stderr.write(`${text}\n`),
    });
    if (only.has('start')) results.start = await measure.start();
    await measure.withSidecar(async (run) => {
      results.restMiB = run.restMiB();
      if (only.has('latency')) results.latency = await run.latency();
      if (only.has('large')) results.large = await run.large();
      if (only.has('soak')) results.soakMiB = await run.soak();
      if (only.has('throughput')) results.throughput = await run.throughput();
      if (only.has('overload')) results.overload = await run.overload(results.throughput?.guarded ?? 2000);
    });
  } finally {
    await Promise.all([upstream.stop(), hop.stop()]);
    issuer.close();
    sandbox.remove();
  }
  mkdirSync('bench/results', { recursive: true });
  if (!quick && values.only === undefined)
    writeFileSync('bench/results/latest.json', `${JSON.stringify(results, null, 2)}\n`);
  process.stdout.write(printReport(results));
}

if (values.help) process.stdout.write(HELP);
else if (values.against !== undefined) process.stdout.write(compareWithPresidio(values.against.split(',')));
else await bench();
