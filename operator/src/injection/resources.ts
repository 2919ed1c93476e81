import { parseQuantity } from '@rankguard/contract/resources';
import type { InjectionSettings } from './settings.ts';
import type { Container, GuardingConnection } from './types.ts';

type Amounts = Readonly<Record<string, string>>;
export interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** Each container of a Guaranteed pod has limits for CPU and memory, and requests that equal them. */
export function isGuaranteed(containers: readonly Container[]): boolean {
  return (
    containers.length > 0 &&
    containers.every(({ resources }) =>
      ['cpu', 'memory'].every((name) => {
        const limit = resources?.limits?.[name];
        const request = resources?.requests?.[name] ?? limit;
        return limit !== undefined && sameQuantity(request, limit);
      }),
    )
  );
}

/**
 * What the sidecar asks for: the most that any of its connections states, else the settings. In a Guaranteed pod
 * requests equal limits, so that the pod keeps its class. Requests name whatever limits name, as the API server
 * would fill them in.
 */
export function sidecarResources(
  connections: readonly GuardingConnection[],
  settings: InjectionSettings,
  guaranteed: boolean,
): Resources {
  const stated = connections.map(({ spec }) => spec.sidecar?.resources);
  const limits = largest(
    settings.resources.limits,
    stated.map((one) => one?.limits),
  );
  const wanted = largest(
    settings.resources.requests,
    stated.map((one) => one?.requests),
  );
  const requests = guaranteed ? limits : { ...limits, ...capped(wanted, limits) };
  return { requests, limits };
}

/** The earlier spelling where it means the same (`1Gi` for `1024Mi`), and what quota plugins added to it. */
export function keepSpelling(wanted: Resources, earlier: Container['resources']): Resources {
  const { requests, limits } = earlier ?? {};
  if (requests === undefined || limits === undefined) return wanted;
  return covers(requests, wanted.requests) && covers(limits, wanted.limits) ? { requests, limits } : wanted;
}

function covers(found: Amounts, wanted: Amounts): boolean {
  return Object.entries(wanted).every(([name, amount]) => sameQuantity(found[name], amount));
}

function largest(
  fallback: Amounts,
  stated: readonly (Readonly<Record<string, string | number>> | undefined)[],
): Amounts {
  const most: Record<string, string> = {};
  for (const amounts of stated) {
    for (const [name, amount] of Object.entries(amounts ?? {})) {
      if (most[name] === undefined || bytes(amount) > bytes(most[name])) most[name] = String(amount);
    }
  }
  return { ...fallback, ...most };
}

/** A request above its limit would make the pod invalid. */
function capped(requests: Amounts, limits: Amounts): Amounts {
  return Object.fromEntries(
    Object.entries(requests).map(([name, amount]) => {
      const limit = limits[name];
      return [name, limit !== undefined && bytes(limit) < bytes(amount) ? limit : amount];
    }),
  );
}

function sameQuantity(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && (a === b || bytes(a) === bytes(b));
}

const bytes = (quantity: string | number): number => parseQuantity(quantity) ?? Number.NaN;
