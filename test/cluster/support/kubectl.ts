import { existsSync } from 'node:fs';
import { run } from '../../../tools/cluster/run.ts';
import { clusterPrograms } from '../../support/api-server.ts';

/** Set by main.ts beside this folder. */
const kubeconfig = process.env['KUBECONFIG'] ?? '';
const built = clusterPrograms.path('kubectl');
/** Path of kubectl, or its name on PATH. */
export const kubectlProgram = existsSync(built) ? built : 'kubectl';

/** Runs kubectl; resolves with what it printed, throws with what it said. */
export function kubectl(args: readonly string[], input?: string): Promise<string> {
  return run(kubectlProgram, ['--kubeconfig', kubeconfig, ...args], input === undefined ? {} : { input });
}

/** What kubectl said when it refused; throws when it did not. */
export async function refusal(args: readonly string[], input?: string): Promise<string> {
  const said = await kubectl(args, input).then(
    (printed) => ({ printed }),
    (error: Error) => ({ error }),
  );
  if ('printed' in said) throw new Error(`not refused: ${said.printed}`);
  return said.error.message;
}

export type Manifest = Readonly<Record<string, unknown>>;

export function apply(...objects: readonly (Manifest | string)[]): Promise<string> {
  return kubectl(['apply', '-f', '-'], inOneStream(objects));
}

export function refusedApply(...objects: readonly (Manifest | string)[]): Promise<string> {
  return refusal(['apply', '-f', '-'], inOneStream(objects));
}

function inOneStream(objects: readonly (Manifest | string)[]): string {
  return objects
    .map((object) => (typeof object === 'string' ? object : JSON.stringify(object)))
    .join('\n---\n');
}

export async function get<Shape>(...args: readonly string[]): Promise<Shape> {
  return JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as Shape;
}

/** A token of a ServiceAccount, from the API server. */
export async function token(
  namespace: string,
  account: string,
  audience: string,
  ...more: string[]
): Promise<string> {
  const asked = ['create', 'token', account, '-n', namespace, '--audience', audience, ...more];
  return (await kubectl(asked)).trim();
}

/** Tries until it does not throw; throws the last error when time is up. */
export async function eventually<Result>(
  attempt: () => Promise<Result>,
  timeoutMs = 60_000,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
