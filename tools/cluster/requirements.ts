import { accessSync, constants, existsSync } from 'node:fs';
import { run } from './run.ts';
import { NODE_PACKAGES } from './versions.ts';

/** Why a node cannot be made on this machine, in a sentence that says what would help; null when it can. */
export async function reasonAgainstNode(): Promise<string | null> {
  if (process.platform !== 'linux')
    return 'a node without Docker needs Linux; start Docker, or name a KUBECONFIG';
  if (process.getuid?.() !== 0) return 'a node without Docker needs root; start Docker, or name a KUBECONFIG';
  if (!(await mayMakeNamespaces()))
    return 'network namespaces may not be made here (CAP_SYS_ADMIN is missing)';
  const lacking = lackingPackages();
  if (lacking.length > 0 && !existsSync('/usr/bin/apt-get')) return `these lack: ${lacking.join(', ')}`;
  if (!(await works('go', ['version'])))
    return 'Go builds the programs of the node (https://go.dev/dl); it is not there';
  return null;
}

/** Installs those of Debian's packages that lack. */
export async function installPackages(say: (line: string) => void): Promise<void> {
  const lacking = lackingPackages();
  if (lacking.length === 0) return;
  say(`installing ${lacking.join(', ')} …`);
  const apt = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
  await run('env', [...apt, 'update']);
  await run('env', [...apt, 'install', '-y', '--no-install-recommends', ...lacking]);
}

function lackingPackages(): string[] {
  return Object.entries(NODE_PACKAGES).flatMap(([name, file]) => (isThere(file) ? [] : [name]));
}

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function mayMakeNamespaces(): Promise<boolean> {
  return works('unshare', ['--net', 'true']);
}

function works(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
