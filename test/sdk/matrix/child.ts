import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Answer, Ask } from './clients.ts';

type Outcome = { readonly answers: readonly Answer[] } | { readonly error: string };

export interface Child {
  rerank(ask: Ask): Promise<readonly Answer[]>;
  close(): void;
}

/**
 * A program that makes calls with a client of its own: it reads an {@link Ask} from each line of its input and writes
 * what its user sees, `{answers}` or `{error}`, as a line of its output. It is started with the first call.
 */
export function createChild(command: string, args: readonly string[]): Child {
  let child: ChildProcess | undefined;
  const waiting: { resolve(outcome: Outcome): void; reject(error: Error): void }[] = [];
  const errors: string[] = [];

  function start(): ChildProcess {
    const started = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const fail = (why: string) => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${why}: ${errors.join('')}`));
    };
    started.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    started.once('error', (error) => fail(error.message));
    started.once('close', () => fail('the client ended without an answer'));
    createInterface({ input: started.stdout }).on('line', (line) => {
      // Libraries may print what they like.
      if (line.startsWith('{')) waiting.shift()?.resolve(JSON.parse(line) as Outcome);
    });
    return started;
  }

  return {
    async rerank(ask) {
      child ??= start();
      const answer = new Promise<Outcome>((resolve, reject) => waiting.push({ resolve, reject }));
      child.stdin?.write(`${JSON.stringify(ask)}\n`);
      const outcome = await answer;
      if ('error' in outcome) throw new Error(outcome.error);
      return outcome.answers;
    },
    close() {
      child?.stdin?.end();
      child = undefined;
    },
  };
}
