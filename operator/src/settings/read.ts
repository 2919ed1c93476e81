import { OPERATOR_ENVIRONMENT } from './environment.ts';

/** What the operator is told from outside. */
export interface OperatorSettings {
  readonly namespace: string;
  readonly podName: string;
  readonly podIp: string;
  readonly serviceAccount: string;
  readonly release: string;
  readonly service: string;
  readonly owner: string;
  readonly sidecarImage: string;
  readonly sidecarPullPolicy: PullPolicy;
  readonly sidecarResources: SidecarResources;
  readonly opa: string;
  readonly logLevel: LogLevel;
}
export interface SidecarResources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'] as const;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type PullPolicy = (typeof PULL_POLICIES)[number];
type LogLevel = (typeof LOG_LEVELS)[number];

const DEFAULT_RESOURCES: SidecarResources = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { memory: '256Mi' },
};

/** Reads the environment; all that is wrong with it at once. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
):
  | { readonly ok: true; readonly settings: OperatorSettings }
  | { readonly ok: false; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const text = (name: keyof typeof OPERATOR_ENVIRONMENT) =>
    environment[OPERATOR_ENVIRONMENT[name]] || undefined;
  function required(name: keyof typeof OPERATOR_ENVIRONMENT): string {
    const value = text(name);
    if (value === undefined) problems.push(`${OPERATOR_ENVIRONMENT[name]} is missing`);
    return value ?? '';
  }
  function oneOf<T extends string>(
    name: keyof typeof OPERATOR_ENVIRONMENT,
    values: readonly T[],
    initial: T,
  ): T {
    const value = text(name) ?? initial;
    const found = values.find((known) => known === value);
    if (found === undefined)
      problems.push(`${OPERATOR_ENVIRONMENT[name]}: expected one of ${values.join(', ')}`);
    return found ?? initial;
  }
  function resources(): SidecarResources {
    const value = text('sidecarResources');
    if (value === undefined) return DEFAULT_RESOURCES;
    const read = readResources(value);
    if (read === undefined)
      problems.push(`${OPERATOR_ENVIRONMENT.sidecarResources}: expected {"requests": {…}, "limits": {…}}`);
    return read ?? DEFAULT_RESOURCES;
  }
  const settings: OperatorSettings = {
    namespace: required('namespace'),
    podName: required('podName'),
    podIp: required('podIp'),
    serviceAccount: required('serviceAccount'),
    release: required('release'),
    service: required('service'),
    owner: required('owner'),
    sidecarImage: required('sidecarImage'),
    sidecarPullPolicy: oneOf('sidecarPullPolicy', PULL_POLICIES, 'IfNotPresent'),
    sidecarResources: resources(),
    opa: required('opa'),
    logLevel: oneOf('logLevel', LOG_LEVELS, 'info'),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings };
}

function readResources(text: string): SidecarResources | undefined {
  try {
    const { requests = {}, limits = {} } = JSON.parse(text) as Partial<SidecarResources>;
    const values = [...Object.values(requests), ...Object.values(limits)];
    return values.every((value) => typeof value === 'string') ? { requests, limits } : undefined;
  } catch {
    return undefined;
  }
}
