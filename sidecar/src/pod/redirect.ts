import { spawn } from 'node:child_process';
import { CodedError } from '@rankguard/contract';
import type { RedirectRule } from '@rankguard/contract/pod';

/** A program to run, and what it reads. */
export interface Step {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
}

/**
 * What capture `redirect` does in the pod's network namespace. Each way covers IPv4 and IPv6, leaves connections
 * that begin in the pod alone (the sidecar's own calls to the app), and may be run again.
 */
export function redirectPlans(rules: readonly RedirectRule[]): readonly (readonly Step[])[] {
  return [nftables(rules), iptables(rules)];
}

/** One transaction for both protocols (nft(8), family inet; Linux 5.2). */
function nftables(rules: readonly RedirectRule[]): readonly Step[] {
  const lines = rules.map(({ from, to }) => `    tcp dport ${from} redirect to :${to}`);
  const input = [
    'add table inet rankguard',
    'delete table inet rankguard',
    'table inet rankguard {',
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat;',
    ...lines,
    '  }',
    '}',
    '',
  ].join('\n');
  return [{ program: 'nft', args: ['-f', '-'], input }];
}

/** iptables-restore(8): `*nat`, and the one chain of ours; flushing it makes a second run harmless. */
function iptables(rules: readonly RedirectRule[]): readonly Step[] {
  const lines = rules.map(
    ({ from, to }) => `-A RANKGUARD -p tcp --dport ${from} -j REDIRECT --to-ports ${to}`,
  );
  const jump = '-D PREROUTING -p tcp -j RANKGUARD';
  const input = ['*nat', ':RANKGUARD - [0:0]', '-F RANKGUARD', ...lines, 'COMMIT', ''].join('\n');
  return ['iptables', 'ip6tables'].flatMap((program) => [
    { program: `${program}-restore`, args: ['--noflush', '-w'], input },
    { program, args: ['-t', 'nat', '-w', ...jump.split(' ')], input: '' },
    { program, args: ['-t', 'nat', '-w', ...jump.replace('-D', '-I').split(' ')], input: '' },
  ]);
}

/** Exit code and what was written to standard error; rejects with ENOENT when there is no such program. */
export type Run = (step: Step) => Promise<{ readonly code: number; readonly stderr: string }>;

/**
 * Redirects by the first way whose program is in the image. Throws CONFIG_UNSUPPORTED when there is none or it
 * fails: the pod does not start then, rather than start unguarded.
 */
export async function redirect(rules: readonly RedirectRule[], run: Run = runProgram): Promise<string> {
  const missing: string[] = [];
  for (const plan of redirectPlans(rules)) {
    const program = plan[0]?.program ?? '';
    try {
      for (const step of plan) await runStep(step, run);
      return program;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error;
      missing.push(program);
    }
  }
  throw new CodedError('CONFIG_UNSUPPORTED', `the image has none of ${missing.join(', ')}`);
}

async function runStep(step: Step, run: Run): Promise<void> {
  const { code, stderr } = await run(step);
  // Deleting what is not there yet is how a second run stays harmless.
  if (code === 0 || step.args.includes('-D')) return;
  throw new CodedError(
    'CONFIG_UNSUPPORTED',
    `${step.program} ended with ${code}: ${stderr.trim().slice(0, 500)} (capture redirect needs NET_ADMIN)`,
  );
}

const runProgram: Run = ({ program, args, input }) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.on('error', reject);
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('close', (code) => resolve({ code: code ?? -1, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
