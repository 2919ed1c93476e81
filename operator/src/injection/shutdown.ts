import type { Container } from './types.ts';

/** Seconds between the pod's leaving its Services and the app's SIGTERM: callers that lag behind still find it. */
const LAG_SECONDS = 5;
const DEFAULT_GRACE_SECONDS = 30;

/** Gives app containers without a preStop hook the time that callers need to go elsewhere. */
export function delayShutdown(
  containers: readonly Container[],
  graceSeconds: number | undefined,
): { readonly containers: readonly Container[]; readonly graceSeconds: number } {
  const without = containers.filter(({ lifecycle }) => lifecycle?.preStop === undefined);
  const grace = graceSeconds ?? DEFAULT_GRACE_SECONDS;
  return {
    containers: containers.map((container) =>
      without.includes(container)
        ? {
            ...container,
            lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds: LAG_SECONDS } } },
          }
        : container,
    ),
    // Only who gets a hook gets time for it: injecting again adds neither.
    graceSeconds: without.length > 0 ? grace + LAG_SECONDS : grace,
  };
}
