import type { PublicKey } from '@rankguard/contract/control';

/** What the operator puts into pods, the same in all replicas of one version. */
export interface InjectionSettings {
  /** The sidecar's image; also that of the redirect init container. */
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Version of Rankguard, for the annotation `rankguard.dev/revision`. */
  readonly version: string;
  /** Base URL of the control API. */
  readonly controlUrl: string;
  /** PEM certificates, old and new. */
  readonly controlCa: string;
  /** Current and next. */
  readonly rootKeys: readonly PublicKey[];
  /** Compute resources where the connection says nothing, as Kubernetes quantities. */
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
}
