import { openKubeconfig } from '@rankguard/operator/kubeconfig';
import { Command } from 'commander';
import { EXIT, Exit, type Io, paint } from '../io.ts';
import { apiServer, crdsEstablished, mayInstall, nodes, policiesInForce, policiesServed } from './cluster.ts';
import {
  connectionChecks,
  egressOpen,
  noLeftovers,
  operatorReady,
  podsToRestart,
  resourcesThatStay,
  sidecarsCurrent,
  webhooksInPlace,
} from './installation.ts';
import { type Check, type Result, runChecks } from './types.ts';

const EXAMPLES = `
Examples:
  $ rankguard check --pre              # before helm install
  $ rankguard check                    # the installation and every connection
  $ rankguard check shop/search        # one connection
  $ rankguard check --pre-uninstall    # before helm uninstall: what is to be restarted`;

interface CheckOptions {
  readonly pre?: true;
  readonly preUninstall?: true;
  readonly output: 'table' | 'json';
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly operatorNamespace: string;
}

export function checkCommand(io: Io): Command {
  return new Command('check')
    .description('Say whether a cluster can be guarded, and whether it is.')
    .argument('[connection]', 'NAMESPACE/NAME of one connection')
    .option('--pre', 'before the installation')
    .option('--pre-uninstall', 'before the uninstallation')
    .option('--kubeconfig <file>', 'the kubeconfig; without it what kubectl takes')
    .option('--context <name>', 'its context')
    .option('--operator-namespace <name>', 'where the operator is', 'rankguard-system')
    .option('-o, --output <format>', 'table or json', 'table')
    .addHelpText('after', EXAMPLES)
    .action((connection: string | undefined, options: CheckOptions) => check(io, connection, options));
}

async function check(io: Io, connection: string | undefined, options: CheckOptions): Promise<void> {
  const { output, kubeconfig, context, operatorNamespace } = options;
  if (output !== 'table' && output !== 'json') throw new Exit(EXIT.usage, '--output must be table or json');
  if (connection !== undefined && !/^[^/]+\/[^/]+$/.test(connection)) {
    throw new Exit(EXIT.usage, 'a connection is named NAMESPACE/NAME');
  }
  const cluster = await openKubeconfig({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    userAgent: 'rankguard-cli',
  });
  try {
    const asked = { kube: cluster.kube, operatorNamespace, connection: connection ?? null };
    const results = await runChecks(checksFor(options, connection), asked);
    io.stdout.write(output === 'json' ? `${JSON.stringify(results, null, 2)}\n` : lines(io, results));
    if (results.some(({ status }) => status === 'error')) throw new Exit(EXIT.found, '');
  } finally {
    await cluster.close();
  }
}

function checksFor({ pre, preUninstall }: CheckOptions, connection: string | undefined): readonly Check[] {
  if (pre) return [apiServer, nodes, policiesServed, mayInstall, noLeftovers];
  if (preUninstall) return [apiServer, podsToRestart, resourcesThatStay];
  const ofConnections = [webhooksInPlace, ...connectionChecks, sidecarsCurrent, egressOpen];
  if (connection !== undefined) return [apiServer, ...ofConnections];
  return [
    apiServer,
    nodes,
    { ...crdsEstablished, fatal: true },
    policiesInForce,
    operatorReady,
    ...ofConnections,
  ];
}

const MARKS = {
  ok: ['√', 'green'],
  warning: ['‼', 'yellow'],
  error: ['×', 'red'],
} as const;

function lines(io: Io, results: readonly Result[]): string {
  let category = '';
  const text = results.flatMap((result) => {
    const [mark, colour] = MARKS[result.status];
    const head = result.category === category ? [] : [...(category === '' ? [] : ['']), result.category];
    category = result.category;
    const note = result.status === 'ok' && result.message !== null ? ` (${result.message})` : '';
    const hint =
      result.status === 'ok' ? [] : (result.message ?? '').split('\n').map((line) => `    ${line}`);
    return [...head, `${paint(io, colour, mark)} ${result.check}${note}`, ...hint];
  });
  const errors = results.filter(({ status }) => status === 'error').length;
  const warnings = results.filter(({ status }) => status === 'warning').length;
  return `${[...text, '', `${results.length} checks, ${errors} failed, ${warnings} warnings`].join('\n')}\n`;
}
