import type { Check, Found } from './common.ts';

const found = (message: string, code?: Found['code']): readonly Found[] => [
  { message, ...(code && { code }) },
];
const NOTHING: readonly Found[] = [];

/**
 * An issuer as OpenID Connect Discovery 1.0 section 3 wants it: https, no query, no fragment.
 * Plain http is for issuers on this machine: keys fetched over a network in the clear prove nothing.
 */
export const issuerUrl: Check<string> = (value) => {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    return found('expected a URL like https://idp.example.com/realms/shop');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return found('expected a URL with https');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return found('expected https; plain http is only for issuers on loopback (localhost, 127.0.0.1, [::1])');
  }
  if (url.username !== '' || url.password !== '') return found('an issuer carries no user name or password');
  if (/[?#]/.test(value)) return found('an issuer has no query and no fragment');
  if (/\s/.test(value)) return found('an issuer has no white space');
  return NOTHING;
};

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Headers that frame, route or authenticate a call: none of them can name a data set. */
const RESERVED_HEADER =
  /^(authorization|proxy-.*|cookie|host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|accept-encoding|content-.*|rankguard-.*|.*api-?key)$/;

/** A header that a caller may fill (field-name of RFC 9110 section 5.1). */
export const headerName: Check<string> = (value) => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return found('expected a header name like X-Dataset');
  if (RESERVED_HEADER.test(value.toLowerCase())) {
    return found('this header has a meaning of its own; use one like X-Dataset');
  }
  return NOTHING;
};

/** Where a claim stands in a token: names with dots between them. */
export const claimPath: Check<string> = (value) => {
  if (/[[\]*$]/.test(value)) {
    return found('expected names with dots between them, like realm_access.roles', 'CONFIG_UNSUPPORTED');
  }
  if (/^\.|\.\.|\.$|[\s"']/.test(value)) {
    return found('expected a claim like groups or realm_access.roles');
  }
  return NOTHING;
};

const MEMBER = String.raw`[\p{L}_][\p{L}\p{N}_-]*`;
const BRACKET = String.raw`\[\s*(?:\*|0|[1-9]\d{0,9}|'(?:[^'\\]|\\['\\])*'|"(?:[^"\\]|\\["\\])*")\s*\]`;
const CHILD = String.raw`(?:\.(?:\*|${MEMBER})|${BRACKET})`;
const JSON_PATH = new RegExp(String.raw`^\$(?:${CHILD}|\.\.(?:\*|${MEMBER}))+$`, 'u');

/** RFC 9535 restricted to child, index, wildcard and descendant segments. */
export const jsonPath: Check<string> = (value) => {
  if (JSON_PATH.test(value)) return NOTHING;
  const wanted = 'expected a JSONPath like $.results[*].document.ssn';
  if (value === '$') return found('a path that selects the whole body is no field');
  return /^\$.*[?:,(]|^\$.*\[\s*-|^\$.*\.\.\[/.test(value)
    ? found(
        `filters, slices, unions, negative indices and ..[ ] are not supported; ${wanted}`,
        'CONFIG_UNSUPPORTED',
      )
    : found(wanted);
};

const FACTS_PATH = new RegExp(
  String.raw`^(?:query|(?:documents|results)\[(?:\*|\d{1,9})\]\.(?:id|text|fields${CHILD}+))$`,
  'u',
);

/** A place of the facts that can be masked; a path with a slip in it would mask nothing. */
export const factsPath: Check<string> = (value) =>
  FACTS_PATH.test(value)
    ? NOTHING
    : found('expected query, documents[*].text, documents[*].fields.NAME or results[*].fields.NAME');
