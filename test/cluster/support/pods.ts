import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { get, type Manifest } from './kubectl.ts';
import { IMAGES } from './settings.ts';

const NODE = '/nodejs/bin/node';
const server = readFileSync(join(import.meta.dirname, 'app/server.ts'), 'utf8');

/** The command of a container that runs a program in TypeScript with the example image's own Node. */
export function program(text: string): { command: string[] } {
  return { command: [NODE, '--input-type=module-typescript', '-e', text] };
}

/** A container with a reranker whose health a test decides (`app/server.ts`), on port 3000. */
export function testApp(more: Manifest = {}): Manifest {
  return {
    name: 'app',
    image: IMAGES.example,
    imagePullPolicy: IMAGES.pullPolicy,
    ...program(server),
    ports: [{ name: 'http', containerPort: 3000 }],
    resources: { requests: { cpu: '20m', memory: '64Mi' } },
    ...more,
  };
}

/** A connection in front of `app: NAME` whose one policy lets the namespace's `default` account rank. */
export function connectionFor(namespace: string, name: string, more: Manifest = {}): Manifest[] {
  const metadata = { name, namespace };
  const allow = `package rankguard.${name.replaceAll('-', '_')}\n\nallow if input.identity.workload.serviceAccount == "default"\n`;
  return [
    {
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'RerankPolicy',
      metadata,
      spec: { mode: 'enforce', modules: { 'policy.rego': allow } },
    },
    {
      apiVersion: 'rankguard.dev/v1alpha1',
      kind: 'RerankConnection',
      metadata,
      spec: {
        selector: { matchLabels: { app: name } },
        ingress: { port: 3000, capture: 'relocate', server: 'tei', dialects: ['tei'] },
        identity: { anonymous: 'deny', serviceAccounts: { audiences: ['test'] } },
        policies: [{ name }],
        ...more,
      },
    },
  ];
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly state: { readonly terminated?: { readonly exitCode: number } };
}
export interface PodState {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly initContainers?: readonly { readonly name: string; readonly image: string }[] };
  readonly status: {
    readonly phase: string;
    readonly podIP: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export async function podsOf(namespace: string, selector: string): Promise<readonly PodState[]> {
  return (await get<{ items: PodState[] }>('pods', '-n', namespace, '-l', selector)).items;
}

/** The one pod that the labels select; throws when there is none, or more. */
export async function podOf(namespace: string, selector: string): Promise<PodState> {
  const [pod, ...others] = await podsOf(namespace, selector);
  if (pod === undefined || others.length > 0) throw new Error(`not one pod with ${selector}`);
  return pod;
}

/** How often each container of a pod was started again. */
export function restarts({ status }: PodState): Readonly<Record<string, number>> {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  return Object.fromEntries(all.map(({ name, restartCount }) => [name, restartCount]));
}
