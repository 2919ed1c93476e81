import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { rankguard, withFolder } from './io.ts';

const CONNECTION = `apiVersion: rankguard.dev/v1alpha1
kind: RerankConnection
metadata: {name: search, namespace: shop}
spec:
  selector: {matchLabels: {app: reranker}}
  ingress: {port: http, dialects: [tei]}
  identity: {anonymous: allow}
`;
const deployment = (image: string, kind = 'Deployment') => `# kept as it is
apiVersion: apps/v1
kind: ${kind}
metadata: {name: tei, namespace: shop}
spec:
  replicas: 2 # two
  selector: {matchLabels: {app: reranker}}
  template:
    metadata: {labels: {app: reranker}}
    spec:
      containers:
      - {name: tei, image: "${image}", ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: shop}
`;
const TEI = 'ghcr.io/huggingface/text-embeddings-inference:1.7';
const SLOW = 30_000;

describe('rankguard inject', () => {
  test(
    'writes the manifests as admission would make their pods, and everything else as it was',
    async () => {
      await withFolder({ 'connection.yaml': CONNECTION, 'app.yaml': deployment(TEI) }, async (folder) => {
        const { code, stdout, stderr } = await rankguard(['inject', '-f', folder]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toContain('# kept as it is');
        expect(stdout).toContain('replicas: 2 # two');
        const objects = parseAllDocuments(stdout).map((document) => document.toJS());
        expect(objects.map(({ kind }) => kind)).toEqual(['Deployment', 'ConfigMap', 'RerankConnection']);
        const { spec, metadata } = objects[0].spec.template;
        expect(metadata.annotations['rankguard.dev/connections']).toBe('search=relocate');
        expect(spec.initContainers[0]).toMatchObject({ name: 'rankguard', restartPolicy: 'Always' });
        expect(spec.containers[0].env).toContainEqual({ name: 'PORT', value: '15950' });
        // What it wrote is what it would write.
        const again = await rankguard(['inject', '-f', '-'], { stdin: stdout });
        expect(again.stdout).toBe(stdout);
      });
    },
    SLOW,
  );

  test(
    'says what becomes of each, and why',
    async () => {
      const files = { 'connection.yaml': CONNECTION, 'app.yaml': deployment('team/custom:1', 'StatefulSet') };
      await withFolder(files, async (folder) => {
        const { code, stdout, stderr } = await rankguard(['inject', '-f', folder, '-o', 'table']);
        expect(code).toBe(1);
        expect(stdout).toMatch(/StatefulSet shop\/tei +refused/);
        expect(stderr).toContain('POD_CAPTURE_IMPOSSIBLE: connection search: relocate is not possible');
      });
      await withFolder({ 'app.yaml': deployment(TEI) }, async (folder) => {
        const { code, stdout } = await rankguard(['inject', '-f', `${folder}/app.yaml`, '-o', 'json']);
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject([{ result: 'not-selected', guarded: [] }]);
      });
    },
    SLOW,
  );

  test('what cannot be read is said', async () => {
    expect((await rankguard(['inject', '-f', '/no/such'])).code).toBe(66);
    const bad = await rankguard(['inject', '-f', '-'], { stdin: CONNECTION.replace('dialects', 'dialect') });
    expect(bad.code).toBe(65);
    expect(bad.stderr).toContain('spec.ingress');
  });
});
