import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RawResponse } from '../support/client.ts';
import { DOCUMENTS, HARMLESS, leaksIn } from '../support/personal.ts';
import { type Setup, setUp } from '../support/setup.ts';
import { measureBeforeAllow } from './before-allow.ts';
import { CASES, type Case, UPSTREAMS, type UpstreamName } from './cases.ts';
import { expectControl } from './control.ts';
import { FAMILIES } from './families.ts';
import { type BeforeAllow, type Cell, renderPage } from './page.ts';
import { measureTowardsUpstream } from './towards-upstream.ts';
import { answerText } from './upstreams/answers.ts';
import { startNode } from './upstreams/node.ts';
import { type Program, startGo, startUvicorn } from './upstreams/program.ts';
import { startRaw } from './upstreams/raw.ts';

const PAGE = join(import.meta.dirname, '../../docs/reference/wire-honesty.md');
/** The first build of the Go program compiles the standard library. */
const SETUP_MS = 300_000;

const cells = new Map<string, Cell>();
const families = new Map<string, Cell>();
let requests: ReadonlyMap<string, Cell> = new Map();
let beforeAllow: readonly BeforeAllow[] = [];
let encodedDir: string;

beforeAll(async () => {
  encodedDir = await mkdtemp(join(tmpdir(), 'rankguard-wire-'));
  const body = Buffer.from(answerText(DOCUMENTS));
  await writeFile(join(encodedDir, 'br'), brotliCompressSync(body));
  await writeFile(join(encodedDir, 'zstd'), zstdCompressSync(body));
});
afterAll(() => rm(encodedDir, { recursive: true, force: true }));

const START: Readonly<Record<UpstreamName, () => Promise<Program>>> = {
  go: () => startGo(encodedDir),
  uvicorn: () => startUvicorn(encodedDir),
  node: startNode,
  raw: startRaw,
};

/** What an honest caller can say about an answer: it looks at bytes, not at what the sidecar claims. */
function judge(response: RawResponse, entry: Case): Cell {
  const leaks = leaksIn(response.bytes);
  if (leaks.length > 0) return { outcome: 'leaked', detail: leaks.join(', ') };
  const text = response.body.toString('utf8');
  const harmless = text.split(HARMLESS).length - 1;
  if (response.status === entry.status && harmless === DOCUMENTS.length)
    return { outcome: 'masked', detail: '' };
  const problem = response.headers.get('content-type') === 'application/problem+json';
  if (problem && harmless === 0) return { outcome: 'refused', detail: String(response.json()['reason']) };
  return {
    outcome: 'broken',
    detail: `${response.status} with ${harmless} of ${DOCUMENTS.length} documents`,
  };
}

describe.each(UPSTREAMS)('%s', (upstream) => {
  let program: Program;
  let setup: Setup;
  beforeAll(async () => {
    program = await START[upstream]();
    setup = await setUp({ order: 'score-then-mask', upstreamUrl: program.url });
  }, SETUP_MS);
  afterAll(async () => {
    await setup.close();
    await program.close();
  });

  const possible = CASES.filter(({ impossible }) => impossible?.[upstream] === undefined);
  test.each(possible.map((entry) => [entry.title, entry] as const))('%s', async (_, entry) => {
    const body = { query: `case ${entry.name}`, texts: DOCUMENTS, return_text: true };
    await expectControl(program.url, entry, body);
    const response = await setup.send({ body });
    const cell = judge(response, entry);
    cells.set(`${entry.name} ${upstream}`, cell);
    expect(cell).toEqual({
      outcome: entry.expected,
      detail: entry.expected === 'masked' ? '' : expect.any(String),
    });
    const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
    if (entry.expected === 'masked') {
      expect(record.masked).toMatchObject({ EMAIL_ADDRESS: 1, US_SSN: 1, CREDIT_CARD: 1 });
    }
    expect(leaksIn(setup.guard.logText())).toEqual([]);
  });
});

describe.each(FAMILIES.map((family) => [family.dialect, family] as const))('%s', (dialect, family) => {
  let program: Program;
  let setup: Setup;
  beforeAll(async () => {
    program = await startRaw(family);
    setup = await setUp({ dialects: [dialect], order: 'score-then-mask', upstreamUrl: program.url });
  }, SETUP_MS);
  afterAll(async () => {
    await setup.close();
    await program.close();
  });

  test.each(CASES.map((entry) => [entry.title, entry] as const))('%s', async (_, entry) => {
    const body = family.body(
      JSON.stringify(`case ${entry.name}`),
      DOCUMENTS.map((text) => JSON.stringify(text)),
    );
    await expectControl(program.url, entry, body);
    const cell = judge(await setup.send({ target: family.path, body }), entry);
    families.set(`${entry.name} ${dialect}`, cell);
    expect(cell.outcome).toBe(entry.expected);
    expect(leaksIn(setup.guard.logText())).toEqual([]);
  });
});

test('what reaches the reranker is masked when it is to be masked before scoring', async () => {
  requests = await measureTowardsUpstream();
  expect([...requests].filter(([, { outcome }]) => outcome !== 'masked')).toEqual([]);
});

test('nothing reaches the reranker before the call is allowed', async () => {
  beforeAllow = await measureBeforeAllow();
  expect(beforeAllow.filter(({ connections, bytes }) => connections > 0 || bytes > 0)).toEqual([]);
});

test('the published page says what was measured', async () => {
  const page = renderPage({ answers: cells, families, requests, beforeAllow });
  if (process.env['UPDATE_GOLDEN'] === '1') {
    await mkdir(dirname(PAGE), { recursive: true });
    await writeFile(PAGE, page);
  }
  expect(await readFile(PAGE, 'utf8')).toBe(page);
});
