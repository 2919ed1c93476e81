import { type Signable, signatureFields } from '../forward/sigv4.ts';
import { isJwt } from '../identity/index.ts';
import type { Active } from '../runtime/types.ts';
import { type Refusal, refuse } from './refusal.ts';

/** What the upstream is to be sent, and what the caller sent. */
export interface SigningCall {
  readonly active: Active;
  /** The AWS service, which is part of a signature. */
  readonly service: string;
  readonly request: Omit<Signable, 'host'>;
  /** The header fields without a signature: name, value, name, value … */
  readonly headers: readonly string[];
  /** Name, value, name, value … */
  readonly callerHeaders: readonly string[];
  /** Whether the body is the caller's, byte by byte. */
  readonly unchanged: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Fields of AWS's clients that may pass, and those that say what the body is. */
const SIGNED =
  /^(?:host|accept|content-type|content-length|content-md5|x-amz-[a-z0-9-]+|x-amzn-[a-z0-9-]+|amz-sdk-[a-z0-9-]+)$/;
const NEVER = ['accept', 'content-type', 'authorization', 'host'];

/**
 * Signs with the sidecar's own credential where it has one. Without one, the caller's signature passes as it is while
 * it still covers what is sent; a body that was changed is refused, as AWS would refuse it, but with the reason.
 */
export function signedHeaders(call: SigningCall): readonly string[] | Refusal {
  const { active, service, request, headers, now } = call;
  const { aws, upstreamHost: host } = active;
  if (aws !== null) return [...headers, ...signatureFields({ ...request, host }, aws, service, now)];
  if (active.upstreamKey !== null) return headers;
  const caller = distinct(call.callerHeaders);
  const authorization = caller.get('authorization');
  const names = /SignedHeaders=([^,\s]+)/.exec(authorization ?? '')?.[1]?.split(';');
  if (authorization === undefined || names === undefined) return headers;
  const session = caller.get('x-amz-security-token');
  if (session !== undefined && isJwt(session)) {
    const message =
      "the signature covers the caller's access token, which never passes; the connection needs an AWS credential of its own as upstreamKey";
    return refuse('SIGNATURE_BROKEN', message);
  }
  if (!call.unchanged) {
    const message =
      'masking or a policy changed the body, which the caller has signed; the connection needs an AWS credential of its own as upstreamKey';
    return refuse('SIGNATURE_BROKEN', message);
  }
  const wrong = names.find((name) => !SIGNED.test(name) || !caller.has(name));
  if (wrong !== undefined || !names.includes('host')) {
    return refuse('SIGNATURE_BROKEN', 'the signature covers a header field that does not pass');
  }
  const kept = pairs(headers).filter(([name]) => !NEVER.includes(name) && !names.includes(name));
  const passed = names.filter((name) => name !== 'content-length').map((name) => [name, caller.get(name)!]);
  const token =
    session === undefined || names.includes('x-amz-security-token') ? [] : ['x-amz-security-token', session];
  const type = names.includes('content-type') ? [] : ['content-type', 'application/json'];
  return [...kept.flat(), ...passed.flat(), ...token, ...type, 'authorization', authorization];
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as [string, string]] : []));
}

/** By lower-case name; a field that is given twice is left out, for nobody signs those. */
function distinct(rawHeaders: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const twice = new Set<string>();
  for (const [given, value] of pairs(rawHeaders)) {
    const name = given.toLowerCase();
    if (found.has(name)) twice.add(name);
    found.set(name, value);
  }
  for (const name of twice) found.delete(name);
  return found;
}
