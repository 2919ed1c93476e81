import { CAPTURES, ENVIRONMENT, SIDECAR_CONTAINER } from '@rankguard/contract/pod';
import { expandedText, literalEnv } from './env.ts';
import type { Earlier, Pod } from './types.ts';

/**
 * What an earlier injection left in the pod. Whoever made the pod could have written it: it may only name ports of
 * the app and checks of them, and the final state is judged by injecting again.
 */
export function readEarlier({ spec }: Pod): Earlier {
  const sidecar = (spec?.initContainers ?? []).find(({ name }) => name === SIDECAR_CONTAINER) ?? null;
  const env = sidecar?.env ?? [];
  const listeners = parsed(literalEnv(env, ENVIRONMENT.listeners));
  const checks = parsed(literalEnv(env, ENVIRONMENT.checks));
  return {
    sidecar,
    listeners: Array.isArray(listeners) ? listeners.filter(isListener) : [],
    checks: isObject(checks)
      ? Object.fromEntries(Object.entries(checks).filter(([, check]) => isObject(check)))
      : {},
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(expandedText(text ?? 'null'));
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListener(value: unknown): value is Earlier['listeners'][number] {
  if (!isObject(value)) return false;
  const { connection, capture, appPort, portName } = value as Readonly<Record<string, unknown>>;
  return (
    typeof connection === 'string' &&
    CAPTURES.some((name) => name === capture) &&
    Number.isInteger(appPort) &&
    (portName === null || typeof portName === 'string')
  );
}
