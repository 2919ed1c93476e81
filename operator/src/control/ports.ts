import type { AuditBatch, ConnectionKey, PodAck, PodIdentity } from '@rankguard/contract/control';

/** What the API server says of a token (authentication.k8s.io/v1 TokenReview, its status). */
export interface ReviewedToken {
  readonly authenticated: boolean;
  /** The asked audiences that the token is good for. */
  readonly audiences: readonly string[];
  readonly username: string;
  /** Of the user's `extra`: a token that is bound to a pod names it. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What the control API needs of the rest of the operator. */
export interface ControlPorts {
  /** Asks the API server. Rejects when it cannot be asked. */
  reviewToken(token: string, audiences: readonly string[]): Promise<ReviewedToken>;
  /** Whether this very pod (by UID) is one that the connection guards. Asks the API server when it does not know. */
  guards(connection: ConnectionKey, pod: PodIdentity): Promise<boolean>;
  /** UIDs of the pods that the connection guards, as far as this replica knows; those that are being deleted left out. */
  guardedPods(connection: ConnectionKey): readonly string[];
  /** What a sidecar says is in force, in this replica's own words or forwarded; only the leader needs it. */
  acknowledged(ack: PodAck): void;
  /** Denials, faults and guard problems of a pod, for Events. */
  audited(batch: AuditBatch, pod: PodIdentity): void;
  /** Where acknowledgements and usage go: here, to another replica, or nowhere yet. */
  leader(): { readonly self: true } | { readonly self: false; readonly url: string } | null;
  /** This operator's token with the audience OPERATOR_AUDIENCE, for {@link leader}. Rejects when there is none. */
  operatorToken(): Promise<string>;
  /** `system:serviceaccount:…` of the operator: whose forwarded acknowledgements are taken. */
  readonly operatorUser: string;
}
