/**
 * Whether one resourceVersion is older than another of the same kind. They are decimal numbers of any length
 * (KEP-5504); anything else is never older, so that it is taken as news.
 */
export function isOlder(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
