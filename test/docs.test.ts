import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCompiler } from '@rankguard/compiler';
import { createProcesses, freePort } from '../examples/support-search/src/demo/processes.ts';
import { startWorld, type World } from '../examples/support-search/src/demo/world.ts';
import { generatedPages } from '../tools/docs/pages.ts';
import { followPage } from '../tools/docs/testing/follow.ts';
import { brokenLinks, readPages } from '../tools/docs/testing/pages.ts';
import { createShell, matches } from '../tools/docs/testing/shell.ts';
import { regoProblems, yamlProblems } from '../tools/docs/testing/snippets.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const pages = readPages(root);
const compiler = createCompiler({
  opa: async () => (await run(join(root, 'tools/opa.sh'))).stdout.trim(),
  cacheDir: join(tmpdir(), 'rankguard-test-policies'),
});

/** Commands that are not run here, and what runs them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'make demo': 'make test runs the demo',
  'make test': 'runs this test',
  'make test-unit ARGS=sidecar/src/masking': 'make test runs all suites',
  'make lint': 'make test runs it',
  'make build': 'make test runs it',
  'make bench': 'takes minutes; the bench is built and type checked by make test',
  'make bench ARGS="--quick"': 'the same',
  'node -C source tools/docs/main.ts': 'the pages that it writes are compared here',
};
const PAGES_WITHOUT_SHELL = /^examples\//;

describe('the generated reference', () => {
  let generated: ReadonlyMap<string, string>;
  beforeAll(async () => {
    generated = await generatedPages();
    if (process.env['UPDATE_GOLDEN'] !== '1') return;
    for (const [path, text] of generated) await writeFile(join(root, path), text);
  });

  test.each(['cli', 'dialects', 'facts', 'metrics', 'policy-library', 'reasons', 'resources'])(
    '%s.md is what the code says',
    async (name) => {
      const path = `docs/reference/${name}.md`;
      expect(await readFile(join(root, path), 'utf8')).toBe(generated.get(path));
    },
  );
});

test('the schema of the facts that policies are typed with is what the code says', async () => {
  const path = 'policies-rego/schema/input.json';
  expect(await readFile(join(root, path), 'utf8')).toBe((await generatedPages()).get(path));
});

test('every link to a file or heading of the project leads somewhere', () => {
  expect(brokenLinks(root, pages)).toEqual([]);
});

describe('snippets', () => {
  const all = (...languages: string[]) =>
    pages.flatMap(({ path, fences }) =>
      fences
        .filter(({ info }) => languages.includes(info[0] ?? ''))
        .map((fence) => [`${path}:${fence.line}`, fence] as const),
    );

  test.each(all('yaml'))('%s is valid', (_, { text, info: [, kind] }) => {
    expect(yamlProblems(text, kind)).toEqual([]);
  });
  test.each(all('json'))('%s is JSON', (_, { text }) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });
  test.each(all('rego').filter(([, { info }]) => info[1] === undefined))(
    '%s compiles',
    async (_, { text }) => {
      expect(await regoProblems(compiler, text)).toEqual([]);
    },
  );

  const mistakes = pages.flatMap(({ path, fences }) =>
    fences.flatMap((fence, at) =>
      fence.info.join(' ') === 'rego mistake'
        ? [[`${path}:${fence.line}`, fence.text, fences[at + 1]?.text ?? ''] as const]
        : [],
    ),
  );
  test.each(mistakes)('%s is found to be wrong, in the words shown', async (_, text, shown) => {
    const found = await regoProblems(compiler, text);
    expect(found.filter((message) => matches(message, shown))).toHaveLength(1);
  });
});

/** The ports that pages use, by what listens there. */
const PORTS = { issuer: '9400', reranker: '9500', sidecar: '9600', admin: '9601' } as const;
type Ports = Readonly<Record<keyof typeof PORTS, string>>;

describe('commands', () => {
  let folder: string;
  let world: World;
  let processes: ReturnType<typeof createProcesses>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rankguard-docs-world-'));
    processes = createProcesses({ folder, env: process.env });
    world = await startWorld({ folder, env: process.env }, processes);
  }, 60_000);
  afterAll(async () => {
    await processes.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const shown = pages.filter(
    ({ path, fences }) => !PAGES_WITHOUT_SHELL.test(path) && fences.some(({ info }) => info[0] === 'sh'),
  );

  test.each(shown.map((page) => [page.path, page] as const))(
    '%s does what it shows',
    async (_, page) => {
      const own = page.fences.some(({ info }) => info.includes('terminal'));
      const ports = own ? await freePorts() : portsOf(world);
      const shell = createShell({ root, env: process.env });
      try {
        const reader = {
          shell,
          // test/cluster/docs.test.ts follows the others.
          follows: ({ info }: { readonly info: readonly string[] }) => !info.includes('cluster'),
          rewrite: (text: string) => withPorts(text, ports),
          elsewhere: ELSEWHERE,
          soonMs: 10_000,
        };
        expect(await followPage(reader, page)).toBeNull();
      } finally {
        await shell.close();
      }
    },
    60_000,
  );
});

async function freePorts(): Promise<Ports> {
  const names = Object.keys(PORTS) as (keyof Ports)[];
  const found = await Promise.all(names.map(async (name) => [name, String(await freePort())]));
  return Object.fromEntries(found) as Ports;
}

function portsOf(world: World): Ports {
  const port = (url: string) => new URL(url).port;
  const { issuer, reranker, sidecar, admin } = world;
  return { issuer: port(issuer), reranker: port(reranker), sidecar: port(sidecar), admin: port(admin) };
}

function withPorts(text: string, ports: Ports): string {
  const names = Object.keys(PORTS) as (keyof Ports)[];
  const roles = new Map(names.map((name) => [PORTS[name] as string, name]));
  return text.replace(/\b9[0-9]{3}\b/g, (number) => {
    const name = roles.get(number);
    return name === undefined ? number : ports[name];
  });
}
