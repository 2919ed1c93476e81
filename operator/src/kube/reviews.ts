import type { Kube } from './client.ts';
import { RESOURCES } from './resources.ts';

/** What the API server says of a token (authentication.k8s.io/v1 TokenReview). */
export interface ReviewedToken {
  readonly authenticated: boolean;
  /** Audiences that both the token and the question name. */
  readonly audiences: readonly string[];
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** e.g. `authentication.kubernetes.io/pod-uid`. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly error: string;
}

/** Asks the API server who holds a token. The token is never part of an error. */
export async function reviewToken(
  kube: Kube,
  token: string,
  audiences: readonly string[],
): Promise<ReviewedToken> {
  const answer = await kube.create<never>(RESOURCES.tokenReviews, { spec: { token, audiences } });
  const { status = {} } = answer as {
    status?: Partial<ReviewedToken> & { user?: Partial<Omit<ReviewedToken, 'audiences'>> };
  };
  const { user = {} } = status;
  return {
    authenticated: status.authenticated === true,
    audiences: status.audiences ?? [],
    username: user.username ?? '',
    uid: user.uid ?? '',
    groups: user.groups ?? [],
    extra: user.extra ?? {},
    error: status.error ?? '',
  };
}

/** A user as admission and TokenReview describe one. */
export interface Subject {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
export interface Access {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Whether RBAC lets somebody do something (authorization.k8s.io/v1 SubjectAccessReview). */
export async function reviewAccess(kube: Kube, who: Subject, resourceAttributes: Access): Promise<boolean> {
  const spec = { user: who.username, uid: who.uid, groups: who.groups, extra: who.extra, resourceAttributes };
  const answer = await kube.create<never>(RESOURCES.accessReviews, { spec });
  const { status } = answer as { status?: { allowed?: boolean; denied?: boolean } };
  return status?.allowed === true && status.denied !== true;
}
