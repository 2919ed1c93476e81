import type { Credential } from './types.ts';

/** Where a dialect carries the caller's token. */
export interface CredentialSlot {
  /** Header name, lower case. */
  readonly header: string;
  /** `bearer`: after that scheme (RFC 6750 section 2.1). null: the token is the whole value. */
  readonly scheme: string | null;
  /**
   * `jwt`: only a value of a JWT's form (RFC 7519 section 3) is the caller's; another is left alone. `signature`: a
   * signature over the request, which is nobody's token.
   */
  readonly only?: 'jwt' | 'signature';
}

export const BEARER: CredentialSlot = { header: 'authorization', scheme: 'bearer' };
/** The token is the whole value of Authorization. */
export const BARE: CredentialSlot = { header: 'authorization', scheme: null };
/** Elasticsearch's scheme for keys. */
export const API_KEY: CredentialSlot = { header: 'authorization', scheme: 'apikey' };
const BEARER_ONLY: readonly CredentialSlot[] = [BEARER];

/** Header names by which some server takes a credential. At most one of them may be in a call. */
export const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'api-key',
  'apikey',
  'x-api-key',
  'x-goog-api-key',
  'x-auth-token',
  'x-access-token',
  'x-amz-security-token',
  'x-functions-key',
  'x-meili-api-key',
  'x-typesense-api-key',
  'ocp-apim-subscription-key',
]);

const NONE: Credential = { kind: 'none' };
const AMBIGUOUS: Credential = { kind: 'ambiguous' };

/**
 * Finds the caller's credential in the header fields as they arrived (`rawHeaders` of node:http: name and
 * value in turn). The joined `headers` object will not do: it hides a second Authorization field.
 *
 * A credential in any other known credential header is refused, not ignored: the caller thinks that it
 * identified itself.
 */
export function readCredential(
  rawHeaders: readonly string[],
  slots: readonly CredentialSlot[] = BEARER_ONLY,
): Credential {
  let name: string | undefined;
  let value = '';
  const leftAlone = new Set<string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = normalName(rawHeaders[at]!);
    if (!CREDENTIAL_HEADERS.has(header) && !slots.some((slot) => slot.header === header)) continue;
    if (leftAlone.has(header)) return AMBIGUOUS;
    if (isLeftAlone(header, rawHeaders[at + 1]!, slots)) {
      leftAlone.add(header);
      continue;
    }
    if (name !== undefined) return AMBIGUOUS;
    name = header;
    value = rawHeaders[at + 1]!;
  }
  if (name === undefined) return NONE;
  const own = slots.filter((candidate) => candidate.header === name && candidate.only !== 'signature');
  if (own.length === 0) return { kind: 'malformed', why: 'slot' };
  const scheme = schemeOf(value);
  const slot =
    own.find((candidate) => candidate.scheme === scheme) ?? own.find((each) => each.scheme === null);
  return readSlot(value, (slot ?? own[0]!).scheme);
}

/** The scheme in front of a credential, lower case; null for a value of one word. */
function schemeOf(value: string): string | null {
  const space = value.indexOf(' ');
  return space < 0 ? null : value.slice(0, space).toLowerCase();
}

/** Whether a text has the form of a JWT (RFC 7519 section 3). */
export function isJwt(text: string): boolean {
  return JWT.test(text);
}

const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Whether a field holds what is no token of the caller's, by the slots of the dialect. */
function isLeftAlone(header: string, value: string, slots: readonly CredentialSlot[]): boolean {
  return slots.some((slot) => {
    if (slot.header !== header || slot.only === undefined) return false;
    return slot.only === 'jwt' ? !isJwt(value) : schemeOf(value) === slot.scheme;
  });
}

/** CGI-like servers read `X_Api_Key` as `X-Api-Key`. */
function normalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower;
}

function readSlot(value: string, scheme: string | null): Credential {
  let token = value;
  if (scheme !== null) {
    const space = value.indexOf(' ');
    const found = space < 0 ? value : value.slice(0, space);
    if (found.toLowerCase() !== scheme) return { kind: 'malformed', why: 'scheme' };
    token = space < 0 ? '' : value.slice(space + 1);
  }
  // Only what cannot be one token is found here; a token's own alphabet is checked when it is first verified.
  if (token === '' || token.includes(' ') || token.includes('\t') || token.includes(',')) {
    return { kind: 'malformed', why: 'syntax' };
  }
  return { kind: 'token', token };
}
