import type { Service } from './types.ts';

/** The Services that send callers to a pod with these labels. */
export function selectingServices(
  services: readonly Service[],
  labels: Readonly<Record<string, string>>,
): Service[] {
  return services.filter(({ spec }) => {
    const selector = Object.entries(spec?.selector ?? {});
    return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
  });
}

/** Why the name of a port is not enough to bring a Service's callers to the sidecar; undefined: it is. */
export function pastTheName(service: Service, name: string, number: number): string | undefined {
  const called = `Service ${service.metadata?.name ?? ''}`;
  if (service.spec?.clusterIP === 'None') {
    return `${called} is headless: its callers choose the port themselves`;
  }
  const numeric = (service.spec?.ports ?? []).some(({ port, targetPort }) => {
    const target = targetPort ?? port;
    return target === number || target === String(number);
  });
  return numeric ? `${called} routes to port ${number} by number; its targetPort must be ${name}` : undefined;
}

/** Whether a Service routes to the port's name. */
export function usesTheName(service: Service, name: string): boolean {
  return (service.spec?.ports ?? []).some(({ targetPort }) => targetPort === name);
}
