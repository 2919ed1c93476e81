import { spawn } from 'node:child_process';
import type { Answer, Ask } from './clients.ts';

type Outcome = { readonly answers: readonly Answer[] } | { readonly error: string };

/**
 * Has a program make one call with its own client: it reads the {@link Ask} from its input as JSON and writes what its
 * user sees, `{answers}` or `{error}`, to its output.
 */
export async function askChild(
  command: string,
  args: readonly string[],
  ask: Ask,
): Promise<readonly Answer[]> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdin.end(JSON.stringify(ask));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const last = Buffer.concat(output).toString().trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`the client ended without an answer: ${Buffer.concat(errors)}`);
  const outcome = JSON.parse(last) as Outcome;
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome.answers;
}
