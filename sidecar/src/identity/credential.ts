import type { Credential } from './types.ts';

/** Where a dialect carries the caller's token. */
export interface CredentialSlot {
  /** Header name, lower case. */
  readonly header: string;
  /** `bearer`: after that scheme (RFC 6750 section 2.1). null: the token is the whole value. */
  readonly scheme: string | null;
}

export const BEARER: CredentialSlot = { header: 'authorization', scheme: 'bearer' };
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
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = normalName(rawHeaders[at]!);
    if (!CREDENTIAL_HEADERS.has(header) && !slots.some((slot) => slot.header === header)) continue;
    if (name !== undefined) return AMBIGUOUS;
    name = header;
    value = rawHeaders[at + 1]!;
  }
  if (name === undefined) return NONE;
  const slot = slots.find((candidate) => candidate.header === name);
  if (slot === undefined) return { kind: 'malformed', why: 'slot' };
  return readSlot(value, slot.scheme);
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
