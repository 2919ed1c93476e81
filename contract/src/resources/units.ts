const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** What a duration looks like: Go's `time.ParseDuration` without signs, as Kubernetes writes durations. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$';

/** Seconds of a duration such as `24h`, `90s` or `1h30m`; undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) seconds += Number(amount) * SECONDS[unit!]!;
  return seconds;
}

const SUFFIX: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** What a quantity looks like: Kubernetes' resource.Quantity without signs, `n` and `u`. */
export const QUANTITY_PATTERN = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?$';

/** The number that a quantity such as `16Mi`, `500m` or `1e6` stands for; undefined when the text is none. */
export function parseQuantity(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isFinite(text) && text >= 0 ? text : undefined;
  if (!new RegExp(QUANTITY_PATTERN).test(text)) return undefined;
  if (/[eE]\d/.test(text)) return Number(text);
  const [, amount, suffix] = /^([\d.]+)(.*)$/.exec(text)!;
  return Number(amount) * SUFFIX[suffix!]!;
}
