import { isAlnum } from './bytes.ts';

/** A kind of key that its provider marks with a beginning of its own. */
interface KeyRule {
  /** In every key of the kind, and rarely elsewhere; looked for first. */
  readonly literal: string;
  /** The key, from the literal on. */
  readonly pattern: RegExp;
}

const rule = (literal: string, rest: RegExp): KeyRule => ({
  literal,
  pattern: new RegExp(quoted(literal) + rest.source, 'y'),
});

function quoted(text: string): string {
  return text.replace(/[.$+-]/g, '\\$&');
}

const WORD36 = /[A-Za-z0-9]{36,255}/;
const HEX32 = /[0-9a-fA-F]{32,64}/;
const AWS = /[A-Z2-7]{16}(?![A-Za-z0-9])/;

/** From the providers' documents. None overlaps with a word of any language. */
export const KEY_RULES: readonly KeyRule[] = [
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((start) => rule(start, AWS)),
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((start) => rule(start, WORD36)),
  rule('github_pat_', /[A-Za-z0-9_]{22,255}/),
  ...['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-'].map((start) => rule(start, /[A-Za-z0-9_-]{20,}/)),
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xapp-'].map((start) =>
    rule(start, /[A-Za-z0-9-]{10,}/),
  ),
  rule('hooks.slack.com/services/', /[A-Za-z0-9+/]{20,}/),
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_', 'sk_prod_'].map((start) =>
    rule(start, /[A-Za-z0-9+/=]{16,}/),
  ),
  ...['sk-ant-', 'sk-proj-', 'sk-or-', 'sk-svcacct-', 'sk-admin-'].map((start) =>
    rule(start, /[A-Za-z0-9_-]{20,}/),
  ),
  rule('sk-', /[A-Za-z0-9]{32,}/),
  rule('AIza', /[A-Za-z0-9_-]{35}/),
  rule('ya29.', /[A-Za-z0-9_-]{20,}/),
  rule('GOCSPX-', /[A-Za-z0-9_-]{28}/),
  rule('npm_', WORD36),
  rule('pypi-AgEI', /[A-Za-z0-9_-]{50,}/),
  rule('hf_', /[A-Za-z]{34}/),
  rule('api_org_', /[A-Za-z]{34}/),
  rule('SG.', /[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}/),
  rule('key-', /[0-9a-f]{32}/),
  ...['dop_v1_', 'doo_v1_', 'dor_v1_'].map((start) => rule(start, /[a-f0-9]{64}/)),
  ...['shpat_', 'shpss_', 'shpca_', 'shppa_'].map((start) => rule(start, HEX32)),
  ...['sq0atp-', 'sq0csp-', 'EAAAE'].map((start) => rule(start, /[A-Za-z0-9_-]{22,}/)),
  rule('dckr_pat_', /[A-Za-z0-9_-]{27,}/),
  ...['hvs.', 'hvb.', 'hvr.'].map((start) => rule(start, /[A-Za-z0-9_-]{24,}/)),
  ...['glsa_', 'glc_'].map((start) => rule(start, /[A-Za-z0-9_+/=]{32,}/)),
  rule('lin_api_', /[A-Za-z0-9]{32,}/),
  rule('pul-', /[a-f0-9]{40}/),
  rule('rubygems_', /[a-f0-9]{48}/),
  ...['sntrys_', 'sntryu_'].map((start) => rule(start, /[A-Za-z0-9_+/=]{40,}/)),
  rule('AGE-SECRET-KEY-1', /[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/),
  rule('ATATT3', /[A-Za-z0-9_=-]{50,}/),
  rule('dapi', /[0-9a-f]{32}/),
  rule('pcsk_', /[A-Za-z0-9_]{30,}/),
  rule('gsk_', /[A-Za-z0-9]{40,}/),
  rule('xai-', /[A-Za-z0-9]{40,}/),
  rule('r8_', /[A-Za-z0-9]{37}/),
  rule('nvapi-', /[A-Za-z0-9_-]{40,}/),
  rule('pplx-', /[A-Za-z0-9]{40,}/),
  rule('tvly-', /[A-Za-z0-9-]{20,}/),
  rule('lsv2_', /(pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}/),
  rule('EAACEdEose0cBA', /[A-Za-z0-9]{20,}/),
  rule('NRAK-', /[A-Z0-9]{27}/),
  rule('PMAK-', /[a-f0-9]{24}-[a-f0-9]{34}/),
  rule('figd_', /[A-Za-z0-9_-]{40,}/),
  rule('ntn_', /[A-Za-z0-9]{40,}/),
  rule('sbp_', /[a-f0-9]{40}/),
  rule('rnd_', /[A-Za-z0-9]{28,}/),
  rule('AKCp', /[A-Za-z0-9]{60,}/),
  rule('tskey-', /[a-z]{3,}-[A-Za-z0-9-]{10,}/),
  rule('SK', /[0-9a-f]{32}(?![A-Za-z0-9])/),
  rule('api/webhooks/', /\d{15,21}\/[A-Za-z0-9_-]{30,}/),
  // The signature of a shared access URL.
  rule('sig=', /[A-Za-z0-9+/_-]{40,}={0,2}/),
  // A bot of Telegram: its number, a colon, and this.
  rule('AAH', /[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])/),
  ...['AAE', 'AAF', 'AAG'].map((start) => rule(start, /[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])/)),
  // A JSON Web Token (RFC 7519) or an encrypted one: `{"` in base64url.
  rule('eyJ', /[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*){0,3}/),
];

/** Rules by the first two characters of their literals. */
const BY_START = new Map<string, readonly KeyRule[]>();
for (const one of KEY_RULES) {
  const start = one.literal.slice(0, 2);
  BY_START.set(start, [...(BY_START.get(start) ?? []), one]);
}
/** Whether a literal begins with a character. */
const MAY_START = new Uint8Array(256);
for (const { literal } of KEY_RULES) MAY_START[literal.charCodeAt(0)] = 1;
/** A token that has no second part has none from any later place in its first part on. */
const TOKEN = 'eyJ';
/** Patterns see so much of a key: a longer match would exhaust their stack. */
const MOST = 65_536;

/** The keys in a run of token characters, where they start and end; each character is passed a bounded number of times. */
export function keysIn(run: string): (readonly [start: number, end: number])[] {
  const keys: (readonly [number, number])[] = [];
  let noTokenBefore = 0;
  for (let at = nextStart(run, 0), next = 0; at !== -1; at = nextStart(run, next)) {
    const end = keyAt(run, at, at < noTokenBefore);
    if (end > 0) keys.push([at, end]);
    else if (at >= noTokenBefore && run.startsWith(TOKEN, at)) {
      const stop = partEnd(run, at);
      noTokenBefore = stop - at < MOST ? stop : stop - MOST + 1;
    }
    next = Math.max(end, at + 1);
  }
  return keys;
}

/** Where a literal begins that no letter or digit precedes, from a place on; -1 when there is none. */
function nextStart(run: string, from: number): number {
  for (let at = from; at < run.length; at++) {
    if (MAY_START[run.charCodeAt(at)] !== 1 || (at > 0 && isAlnum(run.charCodeAt(at - 1)))) continue;
    const rules = BY_START.get(run.slice(at, at + 2));
    if (rules?.some(({ literal }) => run.startsWith(literal, at))) return at;
  }
  return -1;
}

/** The end of the key at `at`, or 0. */
function keyAt(run: string, at: number, noToken: boolean): number {
  const view = run.slice(at, at + MOST);
  for (const { literal, pattern } of BY_START.get(run.slice(at, at + 2))!) {
    if ((noToken && literal === TOKEN) || !view.startsWith(literal)) continue;
    pattern.lastIndex = 0;
    if (!pattern.test(view)) continue;
    return pattern.lastIndex < MOST ? at + pattern.lastIndex : partEnd(run, at + MOST);
  }
  return 0;
}

/** Where the letters, digits, `-` and `_` from `at` on end. */
function partEnd(run: string, at: number): number {
  let end = at;
  while (end < run.length && isPart(run.charCodeAt(end))) end++;
  return end;
}

const isPart = (code: number) => isAlnum(code) || code === 0x2d || code === 0x5f;
