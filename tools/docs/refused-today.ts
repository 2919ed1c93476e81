import { resolve, resolveMasking } from '@rankguard/compiler';
import type { Problem } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';

const apiVersion = 'rankguard.dev/v1alpha1';

/** Resources that ask for everything that the schemas know and this version does not do, by the name of their kind. */
const GREEDY: Readonly<Record<string, object>> = {
  RerankConnection: {
    apiVersion,
    kind: 'RerankConnection',
    metadata: { name: 'greedy' },
    spec: {
      selector: { matchLabels: { app: 'reranker' } },
      ingress: { port: 8080, dialects: ['tei'] },
      egress: [{ name: 'vectors', protocol: 'http', dialect: 'qdrant', host: 'qdrant', port: 6333 }],
      identity: {
        issuers: [
          {
            issuer: 'https://idp.example.com',
            audiences: ['rerank'],
            claims: { subject: 'email' },
            kubernetesUser: { claim: 'sub' },
          },
        ],
      },
      evidence: { level: 'encrypted', required: true },
    },
  },
  ClusterRerankPolicy: {
    apiVersion,
    kind: 'ClusterRerankPolicy',
    metadata: { name: 'greedy' },
    spec: {
      namespaceSelector: { matchLabels: { team: 'search' } },
      modules: { 'greedy.rego': 'package rankguard.greedy\nallow := true' },
    },
  },
  MaskingProfile: {
    apiVersion,
    kind: 'MaskingProfile',
    metadata: { name: 'greedy' },
    spec: {
      presets: ['pci'],
      fields: [{ names: ['ssn'], with: 'surrogate' }],
      detectors: [{ entities: ['*'], with: 'surrogate' }],
      patterns: [{ name: 'ticket', pattern: 'T-[0-9]+' }],
    },
  },
};

/** What the resolver answers to each of those wishes: the reason, by `Kind path`. */
export function refusedToday(): ReadonlyMap<string, string> {
  const files = Object.entries(GREEDY).map(([file, value]) => ({ file, text: JSON.stringify(value) }));
  const { resources, problems } = readResources(files);
  if (problems.length > 0) throw new Error(`the sample resources are invalid: ${JSON.stringify(problems)}`);
  const profile = resources.find(({ kind }) => kind === 'MaskingProfile');
  if (profile?.kind !== 'MaskingProfile') throw new Error('there is no sample profile');
  const found = [resolve(resources), resolveMasking(profile, resources)].flatMap((result) =>
    result.ok ? [] : result.problems,
  );
  return new Map(found.filter(({ code }) => code === 'CONFIG_UNSUPPORTED').map(entryOf));
}

/** The place of a problem as the page writes fields: no positions, nothing below a map. */
function entryOf({ file, path, message }: Problem): [string, string] {
  const place = (path ?? '').replace(/\[\d+\]$/, '').replace(/\[\d+\]/g, '[]');
  const [, field = place, name] = /^(.*\.(?:claims|matchLabels))[.[](.*)$/.exec(place) ?? [];
  return [`${file} ${field}`, name === undefined ? message : `e.g. \`${name}\`: ${message}`];
}
