import type { EnvVar } from './types.ts';

/**
 * Sets a variable where it stands, or in front: an explicit entry beats `envFrom`, and entries that refer to it as
 * `$(NAME)` must come after it. Later entries of the same name, which would win, are taken out.
 */
export function setEnv(env: readonly EnvVar[], name: string, value: Omit<EnvVar, 'name'>): EnvVar[] {
  // The API server drops an empty value; writing it would make every injection look like a change.
  const entry: EnvVar = { name, ...(value.value === '' ? {} : value) };
  const at = env.findIndex((one) => one.name === name);
  if (at < 0) return [entry, ...env];
  return env.flatMap((one, index) => (index === at ? [entry] : one.name === name ? [] : [one]));
}

/** The value that a variable has by the manifest alone; undefined when it comes from elsewhere. */
export function literalEnv(env: readonly EnvVar[], name: string): string | undefined {
  return env.findLast((one) => one.name === name)?.value;
}

/** Kubernetes expands `$(NAME)` in a value, and reads `$$(` as `$(`. */
export function literalText(text: string): string {
  return text.split('$(').join('$$(');
}

/** The reverse of {@link literalText}. */
export function expandedText(text: string): string {
  return text.split('$$(').join('$(');
}
