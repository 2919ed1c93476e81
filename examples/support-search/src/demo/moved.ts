/** Counters of the sidecar that a newcomer wants to see, with the labels that matter. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  rankguard_calls_total: ['verdict', 'reason'],
  rankguard_masked_values_total: ['entity'],
  rankguard_documents_total: ['outcome'],
  rankguard_bundle_reloads_total: ['result'],
};

/** How much each shown counter grew, summed over the labels that are left out; most first. */
export function movedMetrics(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const moved = new Map<string, number>();
  for (const [series, value] of after) {
    const [, name = '', labels = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const wanted = SHOWN[name];
    const growth = value - (before.get(series) ?? 0);
    if (wanted === undefined || growth <= 0) continue;
    const kept = wanted
      .map((label) => new RegExp(`(?:^|,)(${label}="[^"]*")`).exec(labels)?.[1])
      .filter(Boolean);
    const key = `${name}{${kept.join(',')}}`;
    moved.set(key, (moved.get(key) ?? 0) + growth);
  }
  return new Map([...moved].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The growth of all series of a counter whose labels contain `part`. */
export function growthOf(moved: ReadonlyMap<string, number>, name: string, part = ''): number {
  let sum = 0;
  for (const [series, growth] of moved) {
    if (series.startsWith(`${name}{`) && series.includes(part)) sum += growth;
  }
  return sum;
}
