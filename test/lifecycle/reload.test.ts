import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openClient, type RawClient, type RawResponse, requestBytes } from '../support/client.ts';
import { answerRerank } from '../support/upstream.ts';
import { createGate, waitFor } from '../support/wait.ts';
import { LOCALHOST } from './certificates.ts';
import type { LogLine, Run } from './process.ts';
import { type Change, createWorld, FILE, patch, type World } from './world.ts';

const POLICY_DROPS = (marker: string) => `package rankguard.e2e

allow if input.identity.subject == "ann"

drop contains {"index": d.index, "reason": "MARKED"} if {
	some d in input.request.documents
	startswith(d.text, "${marker}")
}
`;
/** Two configurations that differ in policy, masking, upstream key and allowed models. */
const VERSIONS = {
  old: { marker: 'old', entity: 'EMAIL_ADDRESS', key: 'old-key' },
  new: { marker: 'new', entity: 'US_SSN', key: 'new-key' },
} as const;
type Version = keyof typeof VERSIONS;

function versioned(version: Version): { rego: string; change: Change } {
  const { marker, entity, key } = VERSIONS[version];
  const masking = patch('MaskingProfile', () => ({
    spec: { detectors: [{ entities: [entity], with: 'redact' }] },
  }));
  const secret = patch('Secret', () => ({ stringData: { key } }));
  return { rego: POLICY_DROPS(marker), change: (resources) => secret(masking(resources)) };
}

const BODY = {
  query: 'q',
  texts: ['old a', 'new a', 'mail maria.keller@example.org ssn 536-90-4399'],
  return_text: true,
};

/** Which version each part of an answer, and of what the upstream got for it, shows. */
function shown(response: RawResponse, upstreamKey: string | undefined): string[] {
  const texts = (JSON.parse(response.body.toString()) as { text: string }[]).map(({ text }) => text);
  const all = texts.join('\n');
  return [
    all.includes('old a') ? 'new' : 'old',
    all.includes('new a') ? 'old' : 'new',
    all.includes('<EMAIL_ADDRESS>') && all.includes('536-90-4399') ? 'old' : 'new',
    all.includes('<US_SSN>') && all.includes('maria.keller@example.org') ? 'new' : 'old',
    upstreamKey === `Bearer ${VERSIONS.old.key}` ? 'old' : 'new',
  ];
}

const CONNECTION = 'connection="e2e/search"';
const RELOADS = (result: string) => `rankguard_bundle_reloads_total{${CONNECTION},result="${result}"}`;
const REVISION = `rankguard_bundle_revision{${CONNECTION}}`;

let world: World;
let run: Run;
beforeAll(async () => {
  world = await createWorld();
  const { rego, change } = versioned('old');
  world.write({ rego, order: 'score-then-mask' }, change);
  run = await world.start();
});
beforeEach(() => {
  world.upstream.reset();
  world.upstream.script = answerRerank;
});
afterAll(() => world.close());

const isActive = ({ msg }: LogLine) => msg === 'bundle active';
const isRefused = ({ msg }: LogLine) => msg.startsWith('change refused');

async function change(version: Version): Promise<number> {
  const from = run.lines.length;
  const { rego, change: apply } = versioned(version);
  world.write({ rego, order: 'score-then-mask' }, apply);
  return Number((await run.line('a new bundle', isActive, from))['revision']);
}

async function changeTo(version: Version): Promise<void> {
  const current = await ask();
  if (shown(current, world.upstream.calls.at(-1)?.headers.get('authorization'))[0] !== version)
    await change(version);
  world.upstream.reset();
}

const request = () => requestBytes({ token: world.token, body: BODY });

async function ask(): Promise<RawResponse> {
  const client = await openClient(run.port);
  client.send(request());
  const response = await client.response();
  client.destroy();
  return response;
}

test('under load a change is one step: no call fails, and none sees half of two configurations', async () => {
  await changeTo('old');
  const answers: { response: RawResponse; id: string }[] = [];
  const keys = new Map<string, string>();
  world.upstream.script = async (call) => {
    keys.set(call.headers.get('x-request-id') ?? '', call.headers.get('authorization') ?? '');
    await answerRerank(call);
  };
  let stop = false;
  async function load(client: RawClient): Promise<void> {
    while (!stop) {
      client.send(request());
      const response = await client.response();
      answers.push({ response, id: response.headers.get('rankguard-request-id') ?? '' });
    }
    client.destroy();
  }
  const clients = await Promise.all([1, 2, 3, 4].map(() => openClient(run.port)));
  const loading = Promise.all(clients.map(load));
  const revisions: number[] = [];
  for (const version of ['new', 'old', 'new'] as const) {
    await waitFor(() => answers.length > 50 * (revisions.length + 1), 'some calls');
    revisions.push(await change(version));
  }
  const before = answers.length;
  await waitFor(() => answers.length > before + 20, 'calls under the last one');
  stop = true;
  await loading;
  const kinds = new Map<string, number>();
  for (const { response, id } of answers) {
    const kind = `${response.status} ${[...new Set(shown(response, keys.get(id)))].join(' and ')}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  expect([...kinds.keys()].sort()).toEqual(['200 new', '200 old']);
  expect(revisions).toEqual([revisions[0], revisions[0]! + 1, revisions[0]! + 2]);
  expect(await run.metric(REVISION)).toBe(revisions[2]);
});

test('a call keeps the configuration that it began with', async () => {
  await changeTo('old');
  const gate = createGate();
  world.upstream.script = async (call) => {
    await gate.opened;
    await answerRerank(call);
  };
  const client = await openClient(run.port);
  client.send(request());
  await waitFor(() => world.upstream.calls[0], 'the call');
  await change('new');
  gate.open();
  const response = await client.response();
  client.destroy();
  expect(new Set(shown(response, world.upstream.calls[0]!.headers.get('authorization')))).toEqual(
    new Set(['old']),
  );
  const next = await ask();
  expect(new Set(shown(next, world.upstream.calls.at(-1)!.headers.get('authorization')))).toEqual(
    new Set(['new']),
  );
});

test('a change is counted, logged with its policies, and has the next revision', async () => {
  await changeTo('old');
  const [activated, refused, revision] = await Promise.all([
    run.metric(RELOADS('activated')),
    run.metric(RELOADS('refused')),
    run.metric(REVISION),
  ]);
  const from = run.lines.length;
  expect(await change('new')).toBe(revision + 1);
  expect(await run.line('the line', isActive, from)).toMatchObject({
    level: 'info',
    revision: revision + 1,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    policies: ['e2e/e2e'],
  });
  expect(await run.metric(RELOADS('activated'))).toBe(activated + 1);
  expect(await run.metric(RELOADS('refused'))).toBe(refused);
  expect(await run.metric(REVISION)).toBe(revision + 1);
});

test('a file that is touched and says the same is no change', async () => {
  const from = run.lines.length;
  const revision = await run.metric(REVISION);
  const { rego, change: apply } = versioned('new');
  await changeTo('new');
  world.write({ rego, order: 'score-then-mask' }, apply);
  await change('old');
  expect(run.lines.slice(from).filter(isActive).length).toBe((await run.metric(REVISION)) - revision);
});

test('files that are not YAML are not looked at', async () => {
  const from = run.lines.length;
  writeFileSync(join(world.config, 'notes.txt'), 'kind: [');
  writeFileSync(join(world.config, '.hidden.yaml'), 'kind: [');
  await changeTo('old');
  await change('new');
  expect(run.lines.slice(from).filter(isRefused)).toEqual([]);
});

describe('a change that is wrong is refused with its place, and the last good one stays', () => {
  interface Wrong {
    readonly title: string;
    readonly write: () => void;
    readonly problem: RegExp;
  }
  const regoOf = (rego: string) => () =>
    world.write({ rego, order: 'score-then-mask' }, versioned('old').change);
  const patched = (patching: Change) => () =>
    world.write({ rego: versioned('old').rego, order: 'score-then-mask' }, (all) =>
      patching(versioned('old').change(all)),
    );
  const inSpec = (kind: string, members: Readonly<Record<string, unknown>>) =>
    patched(patch(kind, ({ spec }) => ({ spec: { ...(spec as object), ...members } })));
  const place = new RegExp(`${FILE}:\\d+`);

  const WRONG: readonly Wrong[] = [
    { title: 'no YAML', write: () => world.writeText('kind: [a\n'), problem: place },
    { title: 'an empty file', write: () => world.writeText(''), problem: /RerankConnection/ },
    {
      title: 'a member that is not known',
      write: inSpec('RerankConnection', { maskign: {} }),
      problem: place,
    },
    {
      title: 'a value that is out of range',
      write: inSpec('RerankConnection', { limits: { documents: 0 } }),
      problem: place,
    },
    {
      title: 'a policy that is not there',
      write: inSpec('RerankConnection', { policies: [{ name: 'gone' }] }),
      problem: place,
    },
    {
      title: 'a profile that is not there',
      write: inSpec('RerankConnection', { masking: { profile: 'gone' } }),
      problem: place,
    },
    {
      title: 'a Secret without the key',
      write: patched(patch('Secret', () => ({ stringData: { other: 'x' } }))),
      problem: place,
    },
    {
      title: 'Rego that does not parse',
      write: regoOf('package rankguard.e2e\n\nallow if {\n'),
      problem: place,
    },
    {
      title: 'Rego with an unknown fact',
      write: regoOf('package rankguard.e2e\n\nallow if input.identiy.subject == "a"\n'),
      problem: place,
    },
    { title: 'a listener that would need TLS', write: patched((all) => withTls(all)), problem: /restart/ },
  ];

  function withTls(all: Parameters<Change>[0]): ReturnType<Change> {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: 'e2e' } };
    const stringData = LOCALHOST;
    const tls = patch('RerankConnection', ({ spec }) => ({
      spec: { ...(spec as object), tls: { listener: { secretName: 'tls' } } },
    }));
    return [...tls(all), { ...secret, stringData }];
  }

  test.each(WRONG)('$title', async ({ write, problem }) => {
    await changeTo('new');
    const [activated, refused, revision] = await Promise.all([
      run.metric(RELOADS('activated')),
      run.metric(RELOADS('refused')),
      run.metric(REVISION),
    ]);
    const from = run.lines.length;
    write();
    const line = await run.line('a refusal', isRefused, from);
    expect(line['level']).toBe('error');
    expect((line['problems'] as string[]).join('\n')).toMatch(problem);
    expect(await run.metric(RELOADS('refused'))).toBe(refused + 1);
    expect(await run.metric(RELOADS('activated'))).toBe(activated);
    expect(await run.metric(REVISION)).toBe(revision);
    expect((await run.admin('/readyz')).status).toBe(200);
    const response = await ask();
    expect(response.status).toBe(200);
    expect(new Set(shown(response, world.upstream.calls.at(-1)?.headers.get('authorization')))).toEqual(
      new Set(['new']),
    );
    expect(await change('old')).toBe(revision + 1);
  });
});

test('nothing personal, no token, key or text of a call was told', async () => {
  expect(await world.told(['old-key', 'new-key', 'mail maria', 'old a', 'new a'])).toEqual([]);
});
