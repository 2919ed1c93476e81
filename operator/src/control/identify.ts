import { createHash } from 'node:crypto';
import { CodedError } from '@rankguard/contract';
import { CONTROL_AUDIENCE, OPERATOR_AUDIENCE, type PodIdentity } from '@rankguard/contract/control';
import type { ControlPorts, ReviewedToken } from './ports.ts';

/** Who asks the control API. */
export type Asker = { readonly kind: 'pod'; readonly pod: PodIdentity } | { readonly kind: 'operator' };

/** Throws CONTROL_TOKEN when the token is nobody's, CONTROL_UNAVAILABLE when nobody can tell. */
export type Identify = (authorization: string | undefined, kind: Asker['kind']) => Promise<Asker>;

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

/** A revoked token (a deleted pod) is good for this long at most. */
const REMEMBER_MS = 10_000;
const MOST_REMEMBERED = 10_000;
const MOST_TOKEN = 16 * 1024;

/**
 * Asks the API server who holds a token (TokenReview), for one of our private audiences. An API server that does not
 * know about audiences answers for its own: what it returns must name ours.
 */
export function createIdentify(ports: ControlPorts, now: () => number): Identify {
  const remembered = new Map<string, { readonly asker: Promise<Asker>; readonly until: number }>();

  function remember(name: string, asker: Promise<Asker>): void {
    if (remembered.size >= MOST_REMEMBERED) {
      const oldest = remembered.keys().next().value;
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(name, { asker, until: now() + REMEMBER_MS });
    asker.catch(() => remembered.delete(name));
  }

  async function review(token: string, kind: Asker['kind']): Promise<Asker> {
    const audience = kind === 'pod' ? CONTROL_AUDIENCE : OPERATOR_AUDIENCE;
    let reviewed: ReviewedToken;
    try {
      reviewed = await ports.reviewToken(token, [audience]);
    } catch (cause) {
      throw new CodedError('CONTROL_UNAVAILABLE', 'the API server does not review tokens now', { cause });
    }
    if (!reviewed.authenticated || !reviewed.audiences.includes(audience)) {
      throw new CodedError('CONTROL_TOKEN', 'the token is not valid for this audience');
    }
    return kind === 'pod' ? podOf(reviewed) : operatorOf(reviewed, ports.operatorUser);
  }

  return async function identify(authorization, kind) {
    const token = /^Bearer ([\w\-.~+/]+=*)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || token.length > MOST_TOKEN) {
      throw new CodedError('CONTROL_TOKEN', 'there is no bearer token');
    }
    const name = `${kind} ${createHash('sha256').update(token).digest('base64url')}`;
    const known = remembered.get(name);
    if (known !== undefined && now() < known.until) return known.asker;
    const asker = review(token, kind);
    remember(name, asker);
    return asker;
  };
}

function podOf({ username, extra }: ReviewedToken): Asker {
  const namespace = SERVICE_ACCOUNT.exec(username)?.[1];
  const name = extra[POD_NAME]?.[0];
  const uid = extra[POD_UID]?.[0];
  if (namespace === undefined || name === undefined || uid === undefined) {
    throw new CodedError('CONTROL_TOKEN', 'the token is not bound to a pod');
  }
  return { kind: 'pod', pod: { namespace, name, uid } };
}

function operatorOf({ username }: ReviewedToken, operator: string): Asker {
  if (username !== operator) throw new CodedError('CONTROL_TOKEN', 'the token is not that of an operator');
  return { kind: 'operator' };
}
