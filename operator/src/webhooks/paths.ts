/** Paths of the webhooks. Pods come to `<path>/<connection>`: the one whose entry asks. */
export const ADMISSION_PATHS = {
  mutatePods: '/mutate/pods',
  validatePods: '/validate/pods',
  validateKinds: '/validate/kinds',
} as const;
