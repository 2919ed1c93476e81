import { isDeepStrictEqual } from 'node:util';
import { ANNOTATIONS, ENVIRONMENT, SIDECAR_CONTAINER } from '@rankguard/contract/pod';
import type { Container, InjectionSettings, Pod } from '../injection/index.ts';
import type { Accepted } from './ports.ts';

/**
 * The settings that a pod's sidecar was made with, as far as they are accepted; this replica's own elsewhere.
 * During an upgrade the replica that judges a pod need not be the one that injected it.
 */
export function settingsOfPod(pod: Pod, own: InjectionSettings, accepted: Accepted): InjectionSettings {
  const sidecar = (pod.spec?.initContainers ?? []).find(({ name }) => name === SIDECAR_CONTAINER);
  if (sidecar === undefined) return own;
  const keys = (envOf(sidecar, ENVIRONMENT.rootKeys) ?? '').split(',');
  const known = [...accepted.rootKeys, ...own.rootKeys];
  const ca = envOf(sidecar, ENVIRONMENT.controlCa);
  const { requests, limits } = sidecar.resources ?? {};
  return {
    ...own,
    ...(accepted.images.includes(sidecar.image ?? '') && { image: sidecar.image ?? '' }),
    ...(keys.every((key) => known.includes(key)) && { rootKeys: keys }),
    ...(ca !== undefined && accepted.controlCas.includes(ca) && { controlCa: ca }),
    // What a sidecar may use is no question of trust.
    ...(requests !== undefined && limits !== undefined && { resources: { requests, limits } }),
    version: pod.metadata?.annotations?.[ANNOTATIONS.revision] ?? own.version,
  };
}

function envOf({ env }: Container, name: string): string | undefined {
  return env?.find((one) => one.name === name)?.value;
}

const MOST_PLACES = 4;

/** Where two pods differ, as paths that a person can look up: `spec.containers[app].args`. */
export function differences(found: unknown, wanted: unknown): string[] {
  const places: string[] = [];
  compare(found, wanted, '', places);
  return places.slice(0, MOST_PLACES);
}

function compare(a: unknown, b: unknown, path: string, places: string[]): void {
  if (places.length >= MOST_PLACES || isDeepStrictEqual(a, b) || (isEmpty(a) && isEmpty(b))) return;
  if (Array.isArray(a) && Array.isArray(b) && isNamed(a) && isNamed(b)) {
    const names = [...new Set([...a, ...b].map(({ name }) => name))];
    const placesBefore = places.length;
    for (const name of names) compare(named(a, name), named(b, name), `${path}[${name}]`, places);
    if (places.length === placesBefore) places.push(path);
    return;
  }
  if (isObject(a) && isObject(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    for (const name of names) compare(a[name], b[name], path === '' ? name : `${path}.${name}`, places);
    return;
  }
  places.push(path);
}

const named = (list: readonly Named[], name: string) => list.find((one) => one.name === name);

interface Named {
  readonly name: string;
}
function isNamed(list: readonly unknown[]): list is readonly Named[] {
  return list.every((one) => isObject(one) && typeof one['name'] === 'string');
}
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}
