/**
 * A time as metav1.MicroTime wants it: RFC 3339 in UTC with exactly six digits of a second. The API server
 * refuses the three digits of `Date.toISOString`.
 */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
}

/** A time as metav1.Time wants it: whole seconds. */
export function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
