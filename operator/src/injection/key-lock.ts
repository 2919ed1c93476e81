import type { SecretRef } from '@rankguard/contract';
import type { Capture } from '@rankguard/contract/pod';
import { commandLine, flagValues } from './command-line.ts';
import { setEnv } from './env.ts';
import type { KnownServer } from './servers.ts';
import type { Container, GuardingConnection } from './types.ts';

export interface Locked {
  readonly container: Container;
  readonly warnings: readonly string[];
}

/**
 * Whether every pod of a connection takes its generated key, because the connection itself says that the app keeps its
 * port and what server it is. Otherwise only those pods do that injection locks.
 */
export function keyIsForAll({
  capture,
  server,
}: {
  readonly capture?: string;
  readonly server?: string;
}): boolean {
  return capture === 'port-name' && server !== undefined;
}

/** The key that every pod's app is to answer to: the connection's own, or the one that the operator made for all. */
export function upstreamKeyOf({ spec, generatedKey }: GuardingConnection): SecretRef | null {
  return spec.ingress.upstreamKey?.secretKeyRef ?? (keyIsForAll(spec.ingress) ? generatedKey : null);
}

/** The generated key that this pod alone is locked with; null: the app moves, has a key, or cannot ask for one. */
export function keyOfPod(
  connection: GuardingConnection,
  capture: Capture,
  server: KnownServer | undefined,
  container: Container,
): SecretRef | null {
  const stays = capture === 'port-name' && upstreamKeyOf(connection) === null;
  const setting = server?.key ?? null;
  if (!stays || setting === null || setting.env === null) return null;
  return flagValues(commandLine(container), setting.flags).length > 0 ? null : connection.generatedKey;
}

/**
 * Makes a server that Rankguard knows ask for the upstream key. A server that it does not know, and one that brings
 * a key of its own as a flag, is left alone: the connection's key is then the one that the app already asks for.
 */
export function lockWithKey(
  container: Container,
  server: KnownServer | undefined,
  key: SecretRef | null,
): Locked {
  if (key === null) return { container, warnings: [] };
  const { key: setting } = server ?? { key: null };
  if (setting === null || setting.env === null) {
    const who =
      server === undefined ? 'the app is no server that Rankguard knows' : `${server.name} has no key`;
    return { container, warnings: [`the upstream key is not set in container ${container.name}: ${who}`] };
  }
  if (flagValues(commandLine(container), setting.flags).length > 0) {
    const flag = setting.flags.join(' or ');
    return {
      container,
      warnings: [`container ${container.name} has a key of its own (${flag}), which is kept`],
    };
  }
  const valueFrom = { secretKeyRef: { name: key.name, key: key.key } };
  const warning = `the upstream key does not cover every rerank route of ${server?.name}`;
  return {
    container: { ...container, env: setEnv(container.env ?? [], setting.env, { valueFrom }) },
    warnings: server?.keyCoversRerank === true ? [] : [warning],
  };
}
