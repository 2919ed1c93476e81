import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ENTITIES, formatProblem } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { resolve } from './index.ts';

const SHOP = readFileSync(join(import.meta.dirname, 'testdata', 'shop.yaml'), 'utf8');

/** Replaces what stands in the text exactly once. */
function edit(from: string, to: string, text = SHOP): string {
  if (text.split(from).length !== 2) throw new Error(`not there exactly once: ${from}`);
  return text.replace(from, () => to);
}

function resolveText(text: string, options?: Parameters<typeof resolve>[1]) {
  const { resources, problems } = readResources([{ file: 'shop.yaml', text }]);
  expect(problems).toEqual([]);
  return resolve(resources, options);
}

function good(text: string, options?: Parameters<typeof resolve>[1]) {
  const resolution = resolveText(text, options);
  if (!resolution.ok) throw new Error(resolution.problems.map(formatProblem).join('\n'));
  return resolution;
}

const lineOf = (text: string, part: string) => text.split('\n').findIndex((line) => line.includes(part)) + 1;

describe('a connection with everything', () => {
  test('is resolved with its defaults, in plain numbers', () => {
    const { connection, notices } = good(SHOP);
    expect(notices).toEqual([]);
    expect(connection).toEqual({
      namespace: 'shop',
      name: 'search',
      dialects: ['tei', 'cohere-v2'],
      issuers: [
        {
          issuer: 'https://idp.example.com/realms/shop',
          audiences: ['rerank'],
          claims: { groups: 'realm_access.roles', purpose: 'purpose' },
          caBundle: null,
        },
      ],
      anonymous: 'deny',
      serviceAccountAudiences: [],
      otherPorts: [],
      staleAfterSeconds: 86_400,
      rankingHeader: false,
      models: [
        { name: 'bge-reranker-v2-m3', version: null },
        { name: 'other', version: '2' },
      ],
      dataset: { from: 'header', name: 'X-Dataset' },
      upstreamKey: { name: 'tei-key', key: 'key' },
      listenerTls: null,
      upstreamCa: null,
      limits: {
        requestBytes: 1_048_576,
        responseBytes: 16_777_216,
        bufferedBytes: 67_108_864,
        documents: 1000,
        concurrency: 256,
        timeoutSeconds: 60,
      },
    });
  });

  test('gets the profile of its namespace before the one of the cluster', () => {
    expect(good(SHOP).masking).toEqual({
      order: 'mask-then-score',
      fields: [
        { names: ['ssn', '*_token'], paths: [], facts: [], with: 'redact' },
        { names: [], paths: [], facts: ['documents[*].fields.email'], with: 'token' },
      ],
      detectors: [{ entities: ['EMAIL_ADDRESS', 'US_SSN'], with: 'partial' }],
      tokenKey: { name: 'mask-key', key: 'key' },
    });
    const moved = edit('{name: default-pii, namespace: shop}', '{name: default-pii, namespace: ads}');
    expect(good(moved).masking).toEqual({
      order: 'mask-then-score',
      fields: [],
      detectors: [{ entities: ENTITIES, with: 'redact' }],
      tokenKey: null,
    });
  });

  test('without a profile redacts what is detected, and fields with sensitive names', () => {
    const { masking } = good(edit('  masking: {profile: default-pii, order: mask-then-score}\n', ''));
    expect(masking).toMatchObject({
      order: 'score-then-mask',
      fields: [{ with: 'redact', values: true }],
      detectors: [{ entities: ENTITIES, with: 'redact' }],
      tokenKey: null,
    });
    expect(masking.fields[0]?.names).toEqual(expect.arrayContaining(['*password', 'ssn', 'cvv', 'mrn']));
  });

  test('takes samples of displacement only where the reranker sees what is sent as it is', () => {
    const masking = (order: string) => `  masking: {order: ${order}, displacementPercent: 5}\n`;
    const changed = (order: string) =>
      edit('  masking: {profile: default-pii, order: mask-then-score}\n', masking(order));
    expect(good(changed('score-then-mask')).masking).toMatchObject({ displacementPercent: 5 });
    expect(() => good(changed('mask-then-score'))).toThrow(
      /displacement is measured with order score-then-mask only/,
    );
  });

  test('gets the policies it names, then the cluster policies that select it', () => {
    const { policies } = good(SHOP);
    expect(policies.map(({ name, scope, mode }) => [name, scope, mode])).toEqual([
      ['shop/shop-ranking', 'namespace', 'enforce'],
      ['shop/shop-shadow', 'namespace', 'shadow'],
      ['by-label', 'cluster', 'enforce'],
      ['everywhere', 'cluster', 'enforce'],
    ]);
    const [first] = policies;
    expect(first?.data).toEqual({ teams: ['red', 'blue'] });
    expect(Object.keys(first?.modules ?? {})).toEqual(['ranking.rego']);
    expect(first?.tests).toEqual({ 'ranking_test.rego': 'package rankguard.shop_test\n' });
  });

  test('maps lines of modules and tests to lines of the file', () => {
    const [ranking] = good(SHOP).policies;
    const allow = lineOf(SHOP, 'allow if "readers"');
    expect(ranking?.locate('ranking.rego', 3)).toEqual({ file: 'shop.yaml', line: allow });
    const testPackage = lineOf(SHOP, 'package rankguard.shop_test');
    expect(ranking?.locate('ranking_test.rego', 1)).toEqual({ file: 'shop.yaml', line: testPackage });
    expect(ranking?.locate('library.rego', 7)).toEqual({ file: 'library.rego', line: 7 });
  });
});

describe('data sets', () => {
  test.each([
    ['fixed: tickets', { from: 'fixed', value: 'tickets' }],
    ['body: dataset', { from: 'body', name: 'dataset' }],
    ['token: dataset', { from: 'token', name: 'dataset' }],
  ])('%s', (from, expected) => {
    expect(good(edit('header: X-Dataset', from)).connection.dataset).toEqual(expected);
  });

  test('a claim that names the data set becomes a fact of every issuer', () => {
    const { connection } = good(edit('header: X-Dataset', 'token: my.dataset'));
    expect(connection.issuers[0]?.claims).toEqual({
      groups: 'realm_access.roles',
      purpose: 'purpose',
      'my.dataset': 'my.dataset',
    });
    const mapped = edit(
      'purpose: purpose',
      'dataset: tenant.set',
      edit('header: X-Dataset', 'token: dataset'),
    );
    expect(good(mapped).connection.issuers[0]?.claims).toEqual({
      groups: 'realm_access.roles',
      dataset: 'tenant.set',
    });
  });
});

describe('choosing the connection', () => {
  const second = SHOP.split('---\n')[0]!
    .replace('name: search, namespace: shop', 'name: second, namespace: ads')
    .replace('  policies: [{name: shop-ranking}, {name: shop-shadow}]\n', '')
    .replace('    upstreamKey: {secretKeyRef: {name: tei-key, key: key}}\n', '')
    .replace('profile: default-pii, ', '');
  const two = `${SHOP}---\n${second}`;

  test('one of several is picked by namespace and name', () => {
    expect(good(two, { connection: 'shop/search' }).connection.name).toBe('search');
    expect(good(SHOP, { connection: 'shop/search' }).connection.name).toBe('search');
  });

  test('several are named with their places', () => {
    const resolution = resolveText(two);
    const line = lineOf(two, 'name: second');
    expect(resolution).toEqual({
      ok: false,
      problems: [
        {
          severity: 'error',
          code: 'CONFIG_INVALID',
          message: `several RerankConnections: shop/search (shop.yaml:3), ads/second (shop.yaml:${line}); say which one as namespace/name`,
          file: null,
          line: null,
          path: null,
        },
      ],
    });
  });

  test.each(['search', 'shop/other', 'ads/search', ''])('%j is none of them', (connection) => {
    expect(resolveText(SHOP, { connection })).toMatchObject({
      ok: false,
      problems: [
        { message: `no RerankConnection ${connection} in the files; there are shop/search (shop.yaml:3)` },
      ],
    });
  });

  test.each([undefined, { connection: 'shop/search' }])('none at all (%j)', (options) => {
    const withoutOne = SHOP.split('---\n').slice(1).join('---\n');
    expect(resolveText(withoutOne, options)).toMatchObject({
      ok: false,
      problems: [{ code: 'CONFIG_INVALID', message: 'no RerankConnection in the files' }],
    });
  });
});

const UNSUPPORTED = 'CONFIG_UNSUPPORTED';
const INVALID = 'CONFIG_INVALID';
const EGRESS = '{name: db, protocol: postgres, dialect: pgvector, host: db, port: 5432}';

describe('what is refused', () => {
  const cases: readonly [from: string, to: string, code: string, path: string, message: string][] = [
    [
      '  models:',
      `  egress: [${EGRESS}]\n  models:`,
      UNSUPPORTED,
      'spec.egress[0]',
      'egress is not supported by this version',
    ],
    [
      '  models:',
      '  evidence: {level: encrypted}\n  models:',
      UNSUPPORTED,
      'spec.evidence.level',
      'encrypted is not supported by this version; use masked',
    ],
    [
      '  models:',
      '  evidence: {required: true}\n  models:',
      UNSUPPORTED,
      'spec.evidence.required',
      'this version keeps no evidence that a call could depend on; use false',
    ],
    [
      'purpose: purpose}',
      'purpose: purpose, subject: email}',
      UNSUPPORTED,
      'spec.identity.issuers[0].claims.subject',
      'this fact always comes from sub; use another name for identity.claims',
    ],
    [
      '      audiences: [rerank]',
      '      kubernetesUser: {claim: email}\n      audiences: [rerank]',
      UNSUPPORTED,
      'spec.identity.issuers[0].kubernetesUser',
      'mapping callers to Kubernetes users is not supported by this version',
    ],
    [
      '  fields:\n',
      "  patterns: [{name: id, pattern: '(?=PT)'}]\n  fields:\n",
      INVALID,
      'spec.patterns[0].pattern',
      'not a pattern of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
    ],
    [
      '  fields:\n',
      "  patterns: [{name: id, pattern: 'x*'}]\n  fields:\n",
      INVALID,
      'spec.patterns[0].pattern',
      'the pattern matches an empty text',
    ],
    [
      '{matchLabels: {team: ads}}',
      '{matchLabels: {team: search}}\n  # the selector of namespaces below decides',
      UNSUPPORTED,
      'spec.namespaceSelector.matchLabels.tier',
      'the labels of a namespace are not known without a cluster; only kubernetes.io/metadata.name is',
    ],
    [
      '{name: shop-ranking}, ',
      '{name: shop-rankings}, ',
      INVALID,
      'spec.policies[0].name',
      'no RerankPolicy shop/shop-rankings in the files',
    ],
    [
      '{name: shop-shadow}]',
      '{name: everywhere}]',
      INVALID,
      'spec.policies[1].name',
      'no RerankPolicy shop/everywhere in the files; a ClusterRerankPolicy is not named here, it selects connections itself',
    ],
    [
      'profile: default-pii,',
      'profile: defaults,',
      INVALID,
      'spec.masking.profile',
      'no MaskingProfile shop/defaults and no ClusterMaskingProfile defaults in the files',
    ],
    [
      '{name: tei-key, key: key}',
      '{name: tei, key: key}',
      INVALID,
      'spec.ingress.upstreamKey.secretKeyRef.name',
      'no Secret shop/tei in the files',
    ],
    [
      '{name: tei-key, key: key}',
      '{name: tei-key, key: password}',
      INVALID,
      'spec.ingress.upstreamKey.secretKeyRef.key',
      'Secret shop/tei-key has no such key',
    ],
    [
      '{name: mask-key, key: key}',
      '{name: mask-key, key: k}',
      INVALID,
      'spec.tokenKey.secretKeyRef.key',
      'Secret shop/mask-key has no such key',
    ],
    [
      '  tokenKey: {secretKeyRef: {name: mask-key, key: key}}\n  fields:\n  - {names: [ssn, "*_token"], with: redact}\n',
      '  fields:\n',
      INVALID,
      'spec.fields[0].with',
      'token needs a key: set `spec.tokenKey`',
    ],
    [
      '  models:',
      '  tls: {listener: {secretName: cert}}\n  models:',
      INVALID,
      'spec.tls.listener.secretName',
      'no Secret shop/cert in the files',
    ],
    [
      '  models:',
      '  tls: {listener: {secretName: tei-key}}\n  models:',
      INVALID,
      'spec.tls.listener.secretName',
      'Secret shop/tei-key has no key tls.crt',
    ],
    [
      '  models:',
      '  tls: {upstream: {caBundle: "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----"}}\n  models:',
      INVALID,
      'spec.tls.upstream.caBundle',
      'certificate 1 cannot be read',
    ],
    [
      '      audiences: [rerank]',
      '      caBundle: "-----BEGIN CERTIFICATE-----"\n      audiences: [rerank]',
      INVALID,
      'spec.identity.issuers[0].caBundle',
      'expected nothing but certificates in PEM form',
    ],
    [
      'header: X-Dataset',
      'token: groups',
      INVALID,
      'spec.datasets.from.token',
      'groups names no data set; use another claim',
    ],
  ];

  test.each(cases.map(([from, to, code, path, message]) => ({ from, to, code, path, message })))(
    '$path: $message',
    ({ from, to, code, path, message }) => {
      const text = edit(from, to);
      // What was changed stands where the first changed line is; a rule elsewhere is found by its own words.
      const changed = text.split('\n').findIndex((line, i) => line !== SHOP.split('\n')[i]) + 1;
      const line = path.includes('namespaceSelector')
        ? changed + 2
        : message.startsWith('token needs')
          ? changed + 1
          : changed;
      const resolution = resolveText(text);
      expect(resolution.ok).toBe(false);
      expect(resolution.ok || resolution.problems).toContainEqual({
        severity: 'error',
        code,
        message,
        file: 'shop.yaml',
        line,
        path,
      });
    },
  );

  test('a Secret, policy or profile of another namespace is no match, and the message says so', () => {
    const text = SHOP.replaceAll(
      /(name: (tei-key|shop-shadow|default-pii)), namespace: shop/g,
      '$1, namespace: ads',
    ).replace(
      'kind: ClusterMaskingProfile\nmetadata: {name: default-pii}',
      'kind: ClusterMaskingProfile\nmetadata: {name: x}',
    );
    const resolution = resolveText(text);
    expect(resolution.ok || resolution.problems.map(({ message }) => message)).toEqual([
      'no Secret shop/tei-key in the files; there is one in namespace ads',
      'no MaskingProfile shop/default-pii and no ClusterMaskingProfile default-pii in the files; there is one in namespace ads',
      'no RerankPolicy shop/shop-shadow in the files; there is one in namespace ads',
    ]);
  });

  test.each([
    [
      'key: upstream-key',
      'key: two words',
      'key key of Secret shop/tei-key is no header value: expected printable ASCII without spaces',
    ],
    [
      'key: upstream-key',
      'key: ""',
      'key key of Secret shop/tei-key is no header value: expected printable ASCII without spaces',
    ],
    [
      'key: 0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      'key: hunter2',
      'key key of Secret shop/mask-key is shorter than 16 bytes',
    ],
  ])('a value that cannot be used, without showing it: %s', (from, to, message) => {
    const resolution = resolveText(edit(from, to));
    expect(resolution.ok || resolution.problems.map((problem) => problem.message)).toEqual([message]);
  });

  test('a connection that nobody could ever call', () => {
    const issuer = SHOP.slice(SHOP.indexOf('    issuers:\n'), SHOP.indexOf('  models:'));
    for (const identity of ['    anonymous: deny\n', '    serviceAccounts: {audiences: [a]}\n']) {
      const resolution = resolveText(edit(issuer, identity));
      expect(resolution.ok || resolution.problems.map(formatProblem)[0]).toBe(
        `shop.yaml:10: spec.identity: nobody could ever call: add an issuer, or set \`anonymous: allow\``,
      );
    }
    expect(good(edit(issuer, '    anonymous: allow\n')).connection).toMatchObject({
      anonymous: 'allow',
      issuers: [],
    });
  });

  test('all problems come at once', () => {
    const text = edit(
      '{name: shop-ranking}, ',
      '{name: a}, {name: b}, ',
      edit('profile: default-pii,', 'profile: c,'),
    );
    const resolution = resolveText(text);
    expect(resolution.ok || resolution.problems.filter(({ severity }) => severity === 'error')).toHaveLength(
      3,
    );
  });
});

describe('notices', () => {
  test('service accounts need a cluster', () => {
    const text = edit('  models:', '    serviceAccounts: {audiences: [rankguard]}\n  models:');
    expect(good(text).notices).toEqual([
      {
        severity: 'warning',
        code: 'CONFIG_INVALID',
        message: 'tokens of service accounts need a cluster; here they are refused',
        file: 'shop.yaml',
        line: lineOf(text, 'serviceAccounts'),
        path: 'spec.identity.serviceAccounts',
      },
    ]);
  });

  test('a policy that nobody names is not in force', () => {
    expect(good(edit('{name: shop-ranking}, ', '')).notices.map(formatProblem)).toEqual([
      `shop.yaml:${lineOf(SHOP, '{name: shop-ranking, namespace: shop}')}: metadata.name: no connection names this policy, so it is not in force`,
    ]);
  });

  test('without an enforcing policy nothing is ever allowed', () => {
    const [connection = '', , shadow = ''] = SHOP.split('---\n');
    const profile = edit('profile: default-pii, ', '', connection).replace(/ {4}upstreamKey.*\n/, '');
    const only = profile.replace('{name: shop-ranking}, ', '');
    expect(good(`${only}---\n${shadow}`).notices.map(({ message }) => message)).toEqual([
      'only shadow policies apply: nothing gives allow, so every call will be denied',
    ]);
    expect(good(only.replace(/ {2}policies.*\n/, '')).notices.map(({ message }) => message)).toEqual([
      'no policy applies: nothing gives allow, so every call will be denied',
    ]);
  });
});

test('what only a cluster knows is passed over', () => {
  const text = edit(
    '    dialects: [tei, cohere-v2]',
    '    capture: redirect\n    server: vllm\n    otherPorts: [{port: 1, why: x}]\n    dialects: [tei, cohere-v2]',
    edit(
      '  limits:',
      '  approvals: {holdSeconds: 1}\n  failure: {staleAfter: 1h}\n  sidecar: {imagePullSecrets: [{name: pull}]}\n  limits:',
    ),
  );
  const plain = good(SHOP);
  const connection = { ...plain.connection, otherPorts: [1], staleAfterSeconds: 3600 };
  expect(good(text)).toEqual({ ...plain, connection, policies: expect.anything() });
});

test('in a cluster ServiceAccounts may be the only callers', () => {
  const issuer = SHOP.slice(SHOP.indexOf('    issuers:\n'), SHOP.indexOf('  models:'));
  const text = edit(issuer, '    serviceAccounts: {audiences: [a]}\n');
  expect(good(text, { cluster: { namespaceLabels: {} } })).toMatchObject({
    connection: { serviceAccountAudiences: ['a'], issuers: [] },
    notices: [],
  });
});

test.each([
  ['serviceAccounts', '    serviceAccounts: {audiences: [a, control.rankguard.dev]}\n', 1],
  ['issuers[0]', '    issuers: [{issuer: "https://i", audiences: [operator.rankguard.dev]}]\n', 0],
])("an audience of the control API's own is refused: %s", (where, identity, at) => {
  const issuer = SHOP.slice(SHOP.indexOf('    issuers:\n'), SHOP.indexOf('  models:'));
  const resolution = resolveText(edit(issuer, identity), { cluster: { namespaceLabels: {} } });
  expect(resolution.ok || resolution.problems).toMatchObject([
    { path: `spec.identity.${where}.audiences[${at}]`, message: expect.stringContaining("Rankguard's own") },
  ]);
});

describe('in a cluster', () => {
  const cluster = { namespaceLabels: { team: 'search' } };
  const selecting = (labels: string) => `---
apiVersion: rankguard.dev/v1alpha1
kind: ClusterRerankPolicy
metadata: {name: selecting}
spec:
  namespaceSelector: {matchLabels: ${labels}}
  modules: {"a.rego": "package rankguard.a"}
`;
  const names = (labels: string) =>
    good(SHOP + selecting(labels), { connection: 'shop/search', cluster }).policies.map(({ name }) => name);

  test('a ClusterRerankPolicy selects namespaces by their labels', () => {
    expect(names('{team: search}')).toContain('selecting');
    expect(names('{team: search, kubernetes.io/metadata.name: shop}')).toContain('selecting');
    expect(names('{team: ads}')).not.toContain('selecting');
    expect(names('{kubernetes.io/metadata.name: ads}')).not.toContain('selecting');
  });

  test('Secrets are named, not read', () => {
    const withoutSecrets = SHOP.split(/^---\n/m).filter((text) => !/^kind: Secret/m.test(text));
    const { connection } = good(withoutSecrets.join('---\n'), { connection: 'shop/search', cluster });
    expect(connection.upstreamKey).toEqual(good(SHOP, { connection: 'shop/search' }).connection.upstreamKey);
  });
});
