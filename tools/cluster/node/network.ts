import { existsSync } from 'node:fs';
import { run } from '../run.ts';
import { NETWORK } from './layout.ts';

const PATH_OF_NAMESPACE = `/run/netns/${NETWORK.namespace}`;

/**
 * The words before a command that runs it in the node's network. `ip netns exec` would mount /sys anew, and the
 * kubelet then finds no control groups.
 */
export const INSIDE: readonly string[] = ['nsenter', `--net=${PATH_OF_NAMESPACE}`];

export function inside(...command: readonly string[]): Promise<string> {
  const [first = '', ...rest] = [...INSIDE, ...command];
  return run(first, rest);
}

/** Makes the node's network namespace and the way to it. Touches no rule of the machine's own firewall. */
export async function createNetwork(): Promise<void> {
  if (existsSync(PATH_OF_NAMESPACE)) {
    throw new Error(
      `another node runs here, in the network namespace ${NETWORK.namespace}: stop it with make cluster-down where it was started`,
    );
  }
  const { namespace, link, machine, node, pods, services } = NETWORK;
  const ip = (...args: string[]) => run('ip', args);
  await ip('netns', 'add', namespace);
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await ip('addr', 'add', `${machine}/24`, 'dev', link);
  await ip('link', 'set', link, 'up');
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'addr', 'add', `${node}/24`, 'dev', 'eth0');
  await inside('ip', 'link', 'set', 'eth0', 'up');
  await inside('ip', 'route', 'add', 'default', 'via', machine);
  await inside('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  // Only there when the bridge module is: without it a pod still reaches itself through its Service.
  await inside('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1').catch(() => {});
  await ip('route', 'replace', pods, 'via', node);
  await ip('route', 'replace', services, 'via', node);
}

export async function removeNetwork(): Promise<void> {
  if (existsSync(PATH_OF_NAMESPACE)) await run('ip', ['netns', 'del', NETWORK.namespace]);
  // Goes with the namespace, unless something still holds that.
  await run('ip', ['link', 'del', NETWORK.link]).catch(() => {});
}
