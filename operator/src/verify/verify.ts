import { request } from 'node:https';
import { SIDECAR_CONTAINER } from '@rankguard/contract/pod';

export interface VerifyOptions {
  /** `https://HOST:PORT` of the API server. */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly token: string;
  /** Where a connection guards pods with the label `rankguard.dev/verify: "true"`. */
  readonly namespace: string;
}
export interface Verified {
  readonly guarded: boolean;
  /** For a person. */
  readonly message: string;
}

/** Asks the API server what would become of a pod that a connection selects (`dryRun=All`: nothing is made). */
export async function verifyInjection(options: VerifyOptions): Promise<Verified> {
  const { status, body } = await create(options).catch((error: unknown) => ({
    status: 0,
    body: String(error),
  }));
  if (status !== 201)
    return { guarded: false, message: `the pod was refused (${status}): ${messageOf(body)}` };
  const { spec } = JSON.parse(body) as { spec: { initContainers?: { name: string; image: string }[] } };
  const sidecar = spec.initContainers?.find(({ name }) => name === SIDECAR_CONTAINER);
  if (sidecar === undefined) return { guarded: false, message: 'the pod came back without the sidecar' };
  return { guarded: true, message: `a selected pod gets the sidecar ${sidecar.image}` };
}

function create({
  server,
  authority,
  token,
  namespace,
}: VerifyOptions): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${server}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?dryRun=All`,
      {
        method: 'POST',
        ca: authority,
        timeout: 15_000,
        headers: { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error('the API server does not answer')));
    call.on('error', reject);
    call.end(JSON.stringify(POD));
  });
}

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'rankguard-verify-', labels: { 'rankguard.dev/verify': 'true' } },
  spec: {
    containers: [
      {
        name: 'reranker',
        image: 'rankguard.invalid/never-pulled:1',
        ports: [{ containerPort: 8080 }],
      },
    ],
  },
} as const;

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message: string }).message;
  } catch {
    return body;
  }
}
