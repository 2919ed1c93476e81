import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatProblem } from '../problem/index.ts';
import { type ReadResourceOf, readResources, secretValues } from './index.ts';

const testdata = (file: string) => readFileSync(join(import.meta.dirname, 'testdata', file), 'utf8');
/** The example of the design, with what this version knows. */
const CONNECTION = testdata('connection.yaml');
const POLICY = testdata('policy.yaml');
const PROFILE = testdata('profile.yaml');
const SECRET = testdata('secret.yaml');
const APPROVAL = testdata('approval.yaml');

const read = (...texts: string[]) =>
  readResources(texts.map((text, i) => ({ file: `${'abcdef'[i]}.yaml`, text })));

describe('valid resources', () => {
  test("the design's example is read, with namespace, name and file", () => {
    const { resources, problems } = read(CONNECTION, `${POLICY}---\n${PROFILE}`, `${SECRET}---\n${APPROVAL}`);
    expect(problems).toEqual([]);
    expect(resources.map(({ kind, namespace, name, file }) => [kind, namespace, name, file])).toEqual([
      ['RerankConnection', 'shop', 'search', 'a.yaml'],
      ['RerankPolicy', 'shop', 'shop-ranking', 'b.yaml'],
      ['MaskingProfile', 'shop', 'default-pii', 'b.yaml'],
      ['Secret', 'shop', 'tei-key', 'c.yaml'],
      ['RerankApproval', 'shop', 'call-1', 'c.yaml'],
    ]);
  });

  test('defaults are filled in, also inside objects that are not written', () => {
    const { resources, problems } = read(`apiVersion: rankguard.dev/v1alpha1
kind: RerankConnection
metadata: {name: search}
spec:
  selector: {matchLabels: {app: reranker}}
  ingress: {port: 8080, dialects: [tei]}
  identity: {anonymous: allow}
  limits: {documents: 5}
`);
    expect(problems).toEqual([]);
    const [{ namespace, object }] = resources as [ReadResourceOf<'RerankConnection'>];
    expect(namespace).toBe('default');
    expect(object.metadata.namespace).toBe('default');
    expect(object.spec).toEqual({
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 8080, capture: 'auto', otherPorts: [], dialects: ['tei'] },
      egress: [],
      identity: { issuers: [], anonymous: 'allow' },
      policies: [],
      masking: { order: 'score-then-mask', displacementPercent: 0 },
      ranking: { header: false },
      approvals: { holdSeconds: 25, expireSeconds: 3600, pendingMax: 100 },
      evidence: { level: 'masked', retentionDays: 400, required: false },
      limits: {
        requestBytes: '16Mi',
        responseBytes: '16Mi',
        bufferedBytes: '64Mi',
        documents: 5,
        concurrency: 256,
        timeoutSeconds: 60,
      },
      failure: { staleAfter: '24h' },
    });
  });

  test('resources of other kinds are passed over, whatever they hold', () => {
    const { resources, problems } = read(
      `# only a comment
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reranker}
spec: {replicas: yes, template: &t {a: 010}, other: *t, other: 1}
---
apiVersion: v1
kind: ConfigMap
data: {a: b}
---
apiVersion: external-secrets.io/v1
kind: Secret
---
apiVersion: v1
kind: List
items: [{apiVersion: v1, kind: Service}]
---
`,
      '',
    );
    expect(problems).toEqual([]);
    expect(resources).toEqual([]);
  });

  test('what the API server adds is no unknown field', () => {
    const { problems } = read(
      `${POLICY.replace(
        '{name: shop-ranking, namespace: shop}',
        '{name: shop-ranking, uid: 1, generation: 3, creationTimestamp: "x", managedFields: [{a: b}]}',
      )}status: {anything: [goes]}\n`,
    );
    expect(problems).toEqual([]);
  });

  test('plain and base64 values of a Secret are decoded, and plain ones win', () => {
    const { resources } = read(
      SECRET.replace('{other: aGlkZGVu}', '\n  other: |\n    aGlk\n    ZGVu\n  key: AAAA'),
    );
    const values = secretValues((resources as [ReadResourceOf<'Secret'>])[0].object);
    expect(new Map([...values].map(([key, value]) => [key, Buffer.from(value).toString()]))).toEqual(
      new Map([
        ['other', 'hidden'],
        ['key', 'plain'],
      ]),
    );
  });

  test('lines of a module map to lines of the file', () => {
    const [policy] = read(`# first\n---\n${POLICY}`).resources;
    expect(policy?.line('spec.modules["ranking.rego"]')).toBe(9);
    expect(policy?.contentLine('spec.modules["ranking.rego"]', 1)).toBe(10);
    expect(policy?.contentLine('spec.modules["ranking.rego"]', 3)).toBe(12);
    expect(policy?.contentLine('spec.modules["ranking.rego"]', 99)).toBe(12);
    expect(policy?.contentLine('spec.tests["ranking_test.rego"]', 1)).toBe(16);
    expect(policy?.line('spec.data.teams.red[2]')).toBe(13);
    expect(policy?.line('spec.selector.nothing')).toBe(6);
  });
});

interface Bad {
  readonly text: string;
  readonly line: number;
  readonly path: string | null;
  readonly message: string;
  readonly code: string;
}

/** The blocks of bad.txt: a valid resource with one thing changed. */
function badResources(): readonly Bad[] {
  return testdata('bad.txt')
    .split('\n\n')
    .slice(1)
    .map((block) => {
      const lines = block.trimEnd().split('\n');
      const all = (start: RegExp) =>
        lines.filter((line) => start.test(line)).map((line) => line.replace(start, ''));
      const base = testdata(`${all(/^base: /)[0]}.yaml`);
      const [before, after, ...more] = base.split(all(/^- /).join('\n'));
      if (after === undefined || more.length > 0)
        throw new Error(`to be replaced, and not there once: ${block}`);
      const plus = lines.filter((line) => line.startsWith('+'));
      const marked = Math.max(
        0,
        plus.findIndex((line) => line.startsWith('+>')),
      );
      const path = all(/^at: /)[0]!;
      return {
        text: `${before}${all(/^\+>? /).join('\n')}${after}`,
        line: before!.split('\n').length + marked,
        path: path === '(nowhere)' ? null : path,
        message: all(/^says: /)[0]!,
        code: all(/^code: /)[0] ?? 'CONFIG_INVALID',
      };
    });
}

describe('invalid resources', () => {
  test.each(badResources().map((one) => [`${one.path}: ${one.message}`, one] as const))(
    '%s',
    (_, { text, line, path, message, code }) => {
      const { resources, problems } = read(text);
      const expected = { severity: 'error', code, message, file: 'a.yaml', line, path };
      expect(problems).toContainEqual(expected);
      expect(resources).toEqual([]);
      expect(problems.map(formatProblem).join('\n')).not.toMatch(/hunter2|12345678|plain"/);
    },
  );

  test.each([
    ['- a\n- b', 'a.yaml:1: expected a resource with apiVersion, kind and metadata'],
    ['just text', 'a.yaml:1: expected a resource with apiVersion, kind and metadata'],
    [
      '\nservices: {}',
      'a.yaml:2: apiVersion: missing field `apiVersion`: expected a Kubernetes resource with apiVersion, kind and metadata',
    ],
    [
      'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret}',
      'a.yaml:3: items: a List is not read; put each resource into a document of its own',
    ],
    ['a: 1\nb: \u0000', 'a.yaml:2: not YAML: a control character or half a surrogate pair'],
    ['a: \ud800', 'a.yaml:1: not YAML: a control character or half a surrogate pair'],
    ['['.repeat(100_000), 'a.yaml:1: not YAML: the file is nested too deeply'],
    ['x'.repeat(4_000_001), 'a.yaml:1: the file is longer than 4 million characters'],
  ])('a text that is no resource: %.20j', (text, message) => {
    const { resources, problems } = read(text);
    expect(problems.map(formatProblem)).toContain(message);
    expect(resources).toEqual([]);
  });

  test('deep values are refused, also where a policy may hold anything', () => {
    const deep = `${'{a: '.repeat(90)}1${'}'.repeat(90)}`;
    const { problems } = read(POLICY.replace('[1, 2.5, null, true]', deep));
    expect(problems.map(({ message }) => message)).toEqual(['nested too deeply']);
  });

  test('aliases are refused before anything is multiplied', () => {
    const bomb = `a0: &a0 [x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}`;
    const { problems } = read(SECRET.replace('stringData: {key: plain}', bomb));
    expect(problems.length).toBeGreaterThan(40);
  });

  test('the same resource twice is refused with the first place; another namespace is another resource', () => {
    const elsewhere = SECRET.replace('namespace: shop', 'namespace: other');
    const { resources, problems } = read(`${SECRET}---\n${elsewhere}`, SECRET);
    expect(resources).toHaveLength(2);
    expect(problems.map(formatProblem)).toEqual([
      'b.yaml:3: metadata.name: Secret/shop/tei-key is already at a.yaml:3; remove one',
    ]);
  });

  test('every problem of every document is reported, in the order of the lines', () => {
    const connection = CONNECTION.replace('port: http', 'prt: http')
      .replace('anonymous: deny', 'anonymous: dney')
      .replace('24h', 'soon');
    const { problems } = read(
      `${connection}---\n${POLICY.replace('enforce', 'enforced')}`,
      PROFILE.replace('remove', 'x'),
    );
    expect(problems.map(formatProblem)).toEqual([
      'a.yaml:6: spec.ingress.port: missing field `port`: the container port that the sidecar takes over, by name or number',
      'a.yaml:7: spec.ingress.prt: unknown field `prt`; did you mean `port`?',
      'a.yaml:21: spec.identity.anonymous: expected one of deny, allow; did you mean deny?',
      'a.yaml:30: spec.failure.staleAfter: expected a duration like 24h, 90s or 1h30m',
      'a.yaml:37: spec.mode: expected one of enforce, shadow; did you mean enforce?',
      'b.yaml:8: spec.fields[1].with: expected one of redact, partial, token, surrogate, remove, null',
    ]);
  });

  test('a broken document does not hide the problems of the next', () => {
    const { resources, problems } = read(`a: "open\n---\n${POLICY.replace('enforce', 'x')}---\n${PROFILE}`);
    expect(problems.map(({ line }) => line)).toEqual([1, 7]);
    expect(resources.map(({ kind }) => kind)).toEqual(['MaskingProfile']);
  });
});

describe('issuers', () => {
  test.each([
    'https://idp.example.com/realms/shop',
    'https://idp.example.com/',
    'http://localhost:8080',
    'http://127.0.0.1:8080/x',
    'http://127.9.9.9',
    'http://[::1]:8080',
  ])('%s is trusted', (issuer) => {
    expect(read(CONNECTION.replace('https://idp.example.com/realms/shop', issuer)).problems).toEqual([]);
  });
});
