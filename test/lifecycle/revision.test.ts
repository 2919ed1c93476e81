import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { LogLine, Run } from './process.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  world.write();
});
afterEach(() => world.close());

const isActive = ({ msg }: LogLine) => msg === 'bundle active';
const withLimit = (documents: number) => world.write({ limits: { documents } });

async function revisionOf(run: Run): Promise<unknown> {
  const { text } = await run.admin('/config');
  return (JSON.parse(text) as { revision: number }).revision;
}

async function stop(run: Run): Promise<void> {
  run.signal('SIGTERM');
  expect((await run.end).code).toBe(0);
}

test('with state a revision is never given twice, whatever happens in between', async () => {
  const first = await world.start();
  expect(await revisionOf(first)).toBe(1);
  const from = first.lines.length;
  withLimit(10);
  expect(await first.line('a new bundle', isActive, from)).toMatchObject({ revision: 2 });
  const then = first.lines.length;
  world.writeText('broken: [');
  await first.line('a refusal', ({ msg }) => msg.startsWith('change refused'), then);
  await stop(first);

  withLimit(10);
  const second = await world.start();
  expect(await revisionOf(second)).toBe(2);
  await stop(second);

  withLimit(11);
  const third = await world.start();
  expect(await revisionOf(third)).toBe(3);
  const last = third.lines.length;
  withLimit(10);
  expect(await third.line('a new bundle', isActive, last)).toMatchObject({ revision: 4 });
});

test('state that a crash cut short is no reason not to start', async () => {
  writeFileSync(join(world.state, 'revision.json'), '{"revision": 4, "dig');
  writeFileSync(join(world.state, 'bundle.json'), 'half');
  const before = Math.floor(Date.now() / 1000);
  const run = await world.start();
  const revision = await revisionOf(run);
  // Somebody may have seen any count: the clock is ahead of it.
  expect(revision).toBeGreaterThanOrEqual(before);
  const path = join(world.state, 'revision.json');
  expect(run.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: `${path} is damaged; revisions go on from the clock` }),
  );
  await stop(run);
  expect(await revisionOf(await world.start())).toBe(revision);
});

test('state that cannot be written any more is said, and the change is in force all the same', async () => {
  const run = await world.start();
  rmSync(world.state, { recursive: true });
  writeFileSync(world.state, 'no folder');
  const from = run.lines.length;
  withLimit(10);
  expect(await run.line('a new bundle', isActive, from)).toMatchObject({ revision: 2 });
  expect(
    run.lines
      .slice(from)
      .filter(({ level }) => level === 'error')
      .map(({ msg }) => msg),
  ).toEqual(['the revision cannot be kept; it will be given again after a restart']);
  expect(await run.metric('rankguard_bundle_reloads_total{connection="e2e/search",result="refused"}')).toBe(
    0,
  );
});
