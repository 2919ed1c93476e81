import type { V1Container, V1EnvVar, V1Pod, V1Probe, V1Service, V1Volume } from '@kubernetes/client-node';
import type { ReasonCode, SecretRef } from '@rankguard/contract';
import type { AppChecks, Capture, PodListener } from '@rankguard/contract/pod';
import type { RerankConnection } from '@rankguard/contract/resources';
import type { InjectionSettings } from './settings.ts';

export type Pod = V1Pod;
export type Container = V1Container;
export type EnvVar = V1EnvVar;
export type Probe = V1Probe;
export type Service = V1Service;
export type Volume = V1Volume;

/** A RerankConnection, and what the operator knows about it beyond its spec. */
export interface GuardingConnection {
  readonly namespace: string;
  readonly name: string;
  /** metadata.creationTimestamp; null where there is no cluster. The older of two connections on a port wins. */
  readonly created: string | null;
  readonly spec: RerankConnection['spec'];
  /** Secrets that only the resolved connection names, such as the key of its masking profile. */
  readonly secrets: readonly string[];
  /** The upstream key that the operator makes where apps keep their port; null: none. See {@link keyIsForAll}. */
  readonly generatedKey: SecretRef | null;
}

export interface InjectionInput {
  /** As admission sees it: namespace filled in, defaults applied or not. */
  readonly pod: Pod;
  /** Namespace of the pod; admission knows it before the pod does. */
  readonly namespace: string;
  /** Services of the namespace. */
  readonly services: readonly Service[];
  /** Connections of the namespace; those that do not select the pod are passed over. */
  readonly connections: readonly GuardingConnection[];
  readonly settings: InjectionSettings;
}

/** Why a pod cannot be guarded. A pod that a connection selects is then refused, never let through. */
export interface Refusal {
  readonly code: ReasonCode;
  /** What is wrong and how to mend it. */
  readonly message: string;
  /** Name of the connection it is about; null: of the pod itself. */
  readonly connection: string | null;
}

/** How one connection guards the pod. */
export interface Guarded {
  readonly connection: string;
  readonly capture: Capture;
  readonly container: string;
}

export type InjectionResult =
  /** No connection selects the pod. */
  | { readonly kind: 'not-selected' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | {
      readonly kind: 'injected';
      readonly pod: Pod;
      readonly guarded: readonly Guarded[];
      /** Connections that lost their port to an older one. */
      readonly conflicted: readonly { readonly connection: string; readonly winner: string }[];
      /** Sentences for admission's warnings. */
      readonly warnings: readonly string[];
    };

/** What an earlier injection wrote into the pod; nothing in it is trusted beyond what it describes. */
export interface Earlier {
  readonly sidecar: Container | null;
  readonly listeners: readonly PodListener[];
  readonly checks: AppChecks;
}
