import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import { type ReadResourceOf, readResources } from '@rankguard/contract/resources';
import { createJsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker } from '@rankguard/sidecar/masking';
import fc from 'fast-check';
import { policySources, resolveMasking } from './index.ts';

const profile = (spec: object) => ({
  apiVersion: 'rankguard.dev/v1alpha1',
  kind: 'MaskingProfile',
  metadata: { name: 'p', namespace: 'shop' },
  spec,
});
const read = (...resources: object[]) => {
  const text = resources.map((resource) => JSON.stringify(resource)).join('\n---\n');
  return readResources([{ file: 'p.json', text }]);
};
type ReadProfile = ReadResourceOf<'MaskingProfile'>;

describe('a profile without a connection', () => {
  const key = {
    tokenKey: { secretKeyRef: { name: 'k', key: 'key' } },
    detectors: [{ entities: ['*'], with: 'token' }],
  };
  const secret = (namespace: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'k', namespace },
    stringData: { key: '0123456789abcdef' },
  });

  test('finds its key in its own namespace, or where it is told to look', () => {
    const { resources } = read(profile(key), secret('shop'));
    expect(resolveMasking(resources[0] as ReadProfile, resources)).toEqual({
      ok: true,
      masking: {
        order: 'score-then-mask',
        fields: [],
        detectors: [{ entities: ENTITIES, with: 'token' }],
        tokenKey: { name: 'k', key: 'key' },
      },
    });
    const other = read(profile(key), secret('ads')).resources;
    expect(resolveMasking(other[0] as ReadProfile, other, { namespace: 'ads' }).ok).toBe(true);
    expect(resolveMasking(other[0] as ReadProfile, other)).toMatchObject({
      ok: false,
      problems: [{ message: 'no Secret shop/k in the files; there is one in namespace ads' }],
    });
  });
});

test('every policy of the files has a source, whoever it applies to', () => {
  const policy = (kind: string, metadata: object) => ({
    apiVersion: 'rankguard.dev/v1alpha1',
    kind,
    metadata,
    spec: { modules: { 'a.rego': 'package rankguard.a' } },
  });
  const { resources } = read(
    policy('ClusterRerankPolicy', { name: 'c' }),
    policy('RerankPolicy', { name: 'a' }),
    policy('RerankPolicy', { name: 'a', namespace: 'ads' }),
  );
  expect(policySources(resources).map(({ name, scope }) => [name, scope])).toEqual([
    ['default/a', 'namespace'],
    ['ads/a', 'namespace'],
    ['c', 'cluster'],
  ]);
});

describe('what a profile may say and what the masker understands', () => {
  const kernel = createKernel();
  const createReader = () => createJsonReader({ kernel: createKernel() });
  /** A path that only the masker refuses would be found when the sidecar starts, without file and line. */
  function accepted(member: 'paths' | 'facts', path: string): boolean {
    const { resources, problems } = read(profile({ fields: [{ [member]: [path] }] }));
    if (problems.length > 0) return false;
    const resolved = resolveMasking(resources[0] as ReadProfile, resources);
    if (!resolved.ok) throw new Error('not resolved');
    createMasker({ kernel, createReader, masking: resolved.masking, tokenKey: null });
    return true;
  }

  const segment = fc.constantFrom(
    ...['.a', '.a-b', '.é', '._', '.*', '..a', '..*', '[*]', '[0]', '[12]', "['a b']", '["\\""]', '[ 1 ]'],
    ...['..[0]', '[-1]', '[01]', '[?@.a]', '[0:1]', '[a]', '.', '..', ' ', '.1', '["\\n"]', '[99999999999]'],
  );

  test('paths of a body', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 3 }), (segments) => {
        accepted('paths', `$${segments.join('')}`);
      }),
      { numRuns: 300 },
    );
    expect(accepted('paths', "$.results[*]['document'][0]..ssn")).toBe(true);
  });

  test('paths of the facts', () => {
    const root = fc.constantFrom('query', 'documents[*]', 'documents[3]', 'results[*]', 'documents', 'model');
    const part = fc.constantFrom('', '.id', '.text', '.fields', '.title', '.score');
    fc.assert(
      fc.property(root, part, fc.array(segment, { maxLength: 2 }), (start, middle, segments) => {
        accepted('facts', `${start}${middle}${segments.join('')}`);
      }),
      { numRuns: 300 },
    );
    for (const path of ['query', 'documents[*].text', 'documents[3].id', "results[*].fields['a'][0].*"]) {
      expect(accepted('facts', path)).toBe(true);
    }
  });
});
