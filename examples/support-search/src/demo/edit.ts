import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asText, post, ticketsOf } from './calls.ts';
import { waitFor } from './processes.ts';
import type { Finding, Step } from './steps.ts';
import type { World } from './world.ts';

const FILE = 'policy-readers.yaml';
const ANCHOR = '      # Only team leads need to know';
const RULE = `      deny contains {"code": "TEAM_SUSPENDED", "message": "Search is closed for the platform team this week."} if {
      	"platform" in input.identity.groups
      }

`;

/** Replaces text in a file that the sidecar watches. */
function edit(world: World, from: string, to: string): void {
  const file = join(world.config, FILE);
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${FILE} does not contain ${JSON.stringify(from)}`);
  writeFileSync(
    file,
    text.replace(from, () => to),
  );
}

async function ask(world: World) {
  const body = { query: 'search is slow', texts: ticketsOf('platform', 3).map(asText) };
  return post({ url: `${world.sidecar}/rerank`, token: await world.token('omar'), body });
}

async function newRevision(world: World, old: number): Promise<number> {
  return waitFor(
    async () => {
      const revision = await world.revision();
      return revision > old ? revision : undefined;
    },
    { what: 'a new revision at /config', seconds: 30 },
  );
}

function failing(checks: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(checks).filter((name) => !checks[name]);
}

async function tighten(world: World): Promise<Finding> {
  const before = await ask(world);
  const old = await world.revision();
  const startedAt = performance.now();
  edit(world, ANCHOR, RULE + ANCHOR);
  const revision = await newRevision(world, old);
  const ms = Math.round(performance.now() - startedAt);
  const after = await ask(world);
  return {
    got: `${before.status}, then ${after.status} ${after.code ?? ''} with revision ${revision} after ${ms} ms`,
    failures: failing({
      'status 200 before': before.status === 200,
      'status 403 after': after.status === 403,
      'code TEAM_SUSPENDED': after.code === 'TEAM_SUSPENDED',
    }),
    shown: [after.explanation],
    detail: { before, after },
  };
}

/** The sum of the reloads that were refused. */
async function refusedReloads(world: World): Promise<number> {
  let sum = 0;
  for (const [series, value] of await world.metrics()) {
    if (series.startsWith('rankguard_bundle_reloads_total') && series.includes('result="refused"'))
      sum += value;
  }
  return sum;
}

async function breakIt(world: World): Promise<Finding> {
  const old = await world.revision();
  const refused = await refusedReloads(world);
  edit(world, RULE, 'deny contains oops {\n');
  await waitFor(async () => ((await refusedReloads(world)) > refused ? true : undefined), {
    what: 'a refused reload in the metrics',
    seconds: 30,
  });
  const during = await ask(world);
  const revision = await world.revision();
  return {
    got: `edit refused, revision ${revision} still answers ${during.status} ${during.code ?? ''}`,
    failures: failing({
      'the revision stays': revision === old,
      'the old rule still denies': during.code === 'TEAM_SUSPENDED',
    }),
    detail: during,
  };
}

async function repair(world: World): Promise<Finding> {
  const old = await world.revision();
  edit(world, 'deny contains oops {\n', '');
  const revision = await newRevision(world, old);
  const after = await ask(world);
  return {
    got: `${after.status} with revision ${revision}`,
    failures: failing({ 'status 200 again': after.status === 200 }),
    detail: after,
  };
}

/** The policy is edited while calls are served. */
export const EDITS: readonly Step[] = [
  {
    what: 'Add a rule to a policy file while the sidecar runs',
    who: 'omar',
    expected: '200 before, 403 TEAM_SUSPENDED after',
    run: tighten,
  },
  {
    what: 'Break the policy file',
    who: 'omar',
    expected: 'edit refused, the last good policy stays',
    run: breakIt,
  },
  { what: 'Take the rule out again', who: 'omar', expected: '200', run: repair },
];
