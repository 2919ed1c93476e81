import { CodedError } from '@rankguard/contract';
import type { PublicKey } from '@rankguard/contract/control';
import {
  type AppChecks,
  CAPTURES,
  ENVIRONMENT,
  type PodListener,
  REDIRECT_RULES,
  type RedirectRule,
} from '@rankguard/contract/pod';

/** What injection told this sidecar. */
export interface PodConfig {
  readonly namespace: string;
  readonly listeners: readonly PodListener[];
  readonly checks: AppChecks;
  readonly declaredPorts: readonly number[];
  readonly controlUrl: string;
  readonly controlCa: string;
  readonly rootKeys: readonly PublicKey[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment of contract/pod. Throws CONFIG_INVALID with everything that is wrong, not only the first. */
export function readPodConfig(environment: Environment): PodConfig {
  const problems: string[] = [];
  const read = createReader(environment, problems);
  const config: PodConfig = {
    namespace: read.text(ENVIRONMENT.namespace),
    listeners: read.json(ENVIRONMENT.listeners, isListeners, []),
    checks: read.json(ENVIRONMENT.checks, isRecord, {}) as AppChecks,
    declaredPorts: read.json(ENVIRONMENT.declaredPorts, isPorts, []),
    controlUrl: read.text(
      ENVIRONMENT.controlUrl,
      (text) => URL.canParse(text) && text.startsWith('https://'),
    ),
    controlCa: read.text(ENVIRONMENT.controlCa, (text) => text.includes('-----BEGIN CERTIFICATE-----')),
    rootKeys: read
      .text(ENVIRONMENT.rootKeys, (text) => text.split(',').every((key) => /^[\w-]{43}$/.test(key)))
      .split(','),
  };
  fail(problems);
  return { ...config, controlUrl: config.controlUrl.replace(/\/$/, '') };
}

/** The rules of the init container of capture `redirect`. Throws CONFIG_INVALID. */
export function readRedirectRules(environment: Environment): readonly RedirectRule[] {
  const problems: string[] = [];
  const rules = createReader(environment, problems).json(REDIRECT_RULES, isRules, []);
  fail(problems);
  return rules;
}

function fail(problems: readonly string[]): void {
  if (problems.length > 0) {
    throw new CodedError('CONFIG_INVALID', `the pod's environment is not usable: ${problems.join('; ')}`);
  }
}

function createReader(environment: Environment, problems: string[]) {
  return {
    text(name: string, fits: (text: string) => boolean = () => true): string {
      const value = environment[name] ?? '';
      if (value === '') problems.push(`${name} is missing`);
      else if (!fits(value)) problems.push(`${name} is not what it should be`);
      return value;
    },
    json<T>(name: string, fits: (value: unknown) => value is T, otherwise: T): T {
      try {
        const value: unknown = JSON.parse(environment[name] ?? '');
        if (fits(value)) return value;
      } catch {
        // Said below, like any other value that does not fit.
      }
      problems.push(`${name} is missing or not what it should be`);
      return otherwise;
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
}

function isPorts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isPort);
}

function isListeners(value: unknown): value is readonly PodListener[] {
  return Array.isArray(value) && value.length > 0 && value.every(isListener);
}

function isListener(value: unknown): value is PodListener {
  if (!isRecord(value)) return false;
  const { connection, capture, port, appPort, upstreamPort, tlsSecret, locked } = value;
  if (tlsSecret !== undefined && typeof tlsSecret !== 'string') return false;
  if (locked !== undefined && locked !== true) return false;
  const named = typeof connection === 'string' && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(connection);
  return named && CAPTURES.some((name) => name === capture) && [port, appPort, upstreamPort].every(isPort);
}

function isRules(value: unknown): value is readonly RedirectRule[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRule);
}

function isRule(value: unknown): value is RedirectRule {
  if (!isRecord(value)) return false;
  const { from, to } = value;
  return isPort(from) && isPort(to);
}
