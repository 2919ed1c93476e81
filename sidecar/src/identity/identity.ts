import type { Identity, IssuerConfig } from '@rankguard/contract';
import { claimAt } from './claim-path.ts';
import { fail } from './failure.ts';
import { deepFreeze, isRecord, type JsonRecord, member } from './json.ts';
import type { AuthFailure } from './types.ts';

/** Names of the mapping that have a place of their own in the facts; every other name goes to `identity.claims`. */
const PLACED: ReadonlySet<string> = new Set(['groups', 'scopes', 'purpose']);
const MAX_DEPTH = 16;

/** A verified claim that this connection cannot use. Internal to this file: callers get a failure value. */
class Unusable extends Error {}

/**
 * The facts about a caller, from the verified claims of a token.
 *
 * - `groups`: claim `groups`, or the mapped one. A string is one group. Absent: none.
 * - `token.scopes`: claim `scope` (separated by spaces, RFC 8693 section 4.2) or `scp`, or the mapped one.
 * - `token.purpose`: claim `purpose`, or the mapped one.
 * - `claims`: every other name of the mapping (null when the token has none), and of the standard claims
 *   `client_id` (or `azp`), `acr`, `amr` and `auth_time`. Nothing else: facts are recorded, and tokens hold
 *   names and addresses.
 */
export function readIdentity(claims: JsonRecord, config: IssuerConfig): Identity | AuthFailure {
  try {
    return deepFreeze(build(claims, config));
  } catch (error) {
    if (error instanceof Unusable) return fail('TOKEN_CLAIMS', error.message);
    throw error;
  }
}

function build(claims: JsonRecord, { issuer, claims: mapping }: IssuerConfig): Identity {
  const subject = text(member(claims, 'sub'), 'sub');
  const expires = member(claims, 'exp');
  if (subject === null || subject === '') throw new Unusable('The access token names no subject (sub).');
  if (typeof expires !== 'number' || !Number.isSafeInteger(Math.floor(expires))) {
    throw new Unusable('The access token has no usable expiry (exp).');
  }
  const mapped = (name: string) => mappedClaim(claims, mapping[name] ?? name);
  const scopes = mapping['scopes'] === undefined ? (mapped('scope') ?? mapped('scp')) : mapped('scopes');
  const workload = serviceAccount(claims, subject);
  return {
    kind: workload !== null || isWorkload(claims, subject) ? 'workload' : 'user',
    subject,
    issuer,
    groups: list(mapped('groups'), 'groups'),
    claims: { ...standardClaims(claims), ...otherClaims(claims, mapping) },
    token: {
      id: identifier(member(claims, 'jti')),
      expires: Math.floor(expires),
      purpose: text(mapped('purpose'), 'purpose'),
      scopes: typeof scopes === 'string' ? list(scopes.split(' '), 'scopes') : list(scopes, 'scopes'),
    },
    workload: workload ?? { namespace: null, serviceAccount: null, pod: null, node: null },
  };
}

/**
 * A claim that the issuer left out and put elsewhere (OpenID Connect Core section 5.6.2) is not absent: a
 * policy that denies a group would let its members pass.
 */
function mappedClaim(claims: JsonRecord, path: string): unknown {
  const value = claimAt(claims, path);
  const elsewhere = member(claims, '_claim_names');
  if (value === undefined && isRecord(elsewhere) && claimAt(elsewhere, path) !== undefined) {
    throw new Unusable(`The issuer left the claim ${path} out of the access token (distributed claims).`);
  }
  return value;
}

function text(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null;
  // Two texts with lone surrogates could become one on their way to a policy.
  if (typeof value === 'string' && isWellFormed(value)) return value;
  throw new Unusable(`The access token's claim for ${name} is not text.`);
}

function list(value: unknown, name: string): string[] {
  if (value === undefined || value === null) return [];
  const all = Array.isArray(value) ? value : [value];
  const problem = `The access token's claim for ${name} is neither text nor a list of texts.`;
  return all
    .map((item: unknown) => {
      if (typeof item === 'string' && isWellFormed(item)) return item;
      throw new Unusable(problem);
    })
    .filter((item) => item !== '');
}

/** No lone surrogate. */
function isWellFormed(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}

function identifier(value: unknown): string | null {
  return typeof value === 'string' && isWellFormed(value) ? value : null;
}

function standardClaims(claims: JsonRecord): Record<string, unknown> {
  const methods = member(claims, 'amr');
  const time = member(claims, 'auth_time');
  return {
    client_id: clientOf(claims),
    acr: identifier(member(claims, 'acr')),
    amr: Array.isArray(methods) ? methods.filter((method) => identifier(method) !== null) : [],
    auth_time: typeof time === 'number' ? time : null,
  };
}

function otherClaims(claims: JsonRecord, mapping: IssuerConfig['claims']): Record<string, unknown> {
  const entries = Object.entries(mapping).filter(([name]) => !PLACED.has(name));
  return Object.fromEntries(
    entries.map(([name, path]) => {
      const value = mappedClaim(claims, path) ?? null;
      if (!within(value, MAX_DEPTH))
        throw new Unusable(`The access token's claim for ${name} is nested too deeply.`);
      return [name, value];
    }),
  );
}

function within(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => within(inner, depth - 1));
}

function clientOf(claims: JsonRecord): string | null {
  return identifier(member(claims, 'client_id')) ?? identifier(member(claims, 'azp'));
}

/**
 * Whether the token stands for a program and no person: the subject is the client itself (RFC 9068 section 2.2;
 * Okta names it `cid`), or the issuer says so in its own words: Auth0 `gty`, Entra ID `idtyp`, and Keycloak by
 * the user name `service-account-<client>` without a session.
 */
function isWorkload(claims: JsonRecord, subject: string): boolean {
  const client = clientOf(claims);
  if (subject === client || subject === member(claims, 'cid')) return true;
  if (member(claims, 'gty') === 'client-credentials' || member(claims, 'idtyp') === 'app') return true;
  const named = client !== null && member(claims, 'preferred_username') === `service-account-${client}`;
  return named && !Object.hasOwn(claims, 'sid') && !Object.hasOwn(claims, 'session_state');
}

/** A Kubernetes service account's projected token: the claim `kubernetes.io` and the subject say the same. */
function serviceAccount(claims: JsonRecord, subject: string): Identity['workload'] | null {
  const bound = member(claims, 'kubernetes.io');
  if (!isRecord(bound)) return null;
  const namespace = identifier(member(bound, 'namespace'));
  const account = nameIn(bound, 'serviceaccount');
  if (namespace === null || account === null) return null;
  if (subject !== `system:serviceaccount:${namespace}:${account}`) return null;
  return { namespace, serviceAccount: account, pod: nameIn(bound, 'pod'), node: nameIn(bound, 'node') };
}

function nameIn(bound: JsonRecord, kind: string): string | null {
  const reference = member(bound, kind);
  return isRecord(reference) ? identifier(member(reference, 'name')) : null;
}
