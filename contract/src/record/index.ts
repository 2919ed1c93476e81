import type { ReasonCode } from '../reasons/index.ts';

/** A policy in shadow, and what it would change: the verdict, or an obligation of an allowed call. */
export interface ShadowDisagreement {
  readonly policy: string;
  readonly would: 'allow' | 'deny' | 'hold' | 'mask' | 'drop' | 'limit' | 'rank';
}

/** One call, as it is logged: no body, no query, nothing unmasked. Times are milliseconds. */
export interface CallRecord {
  readonly time: string;
  readonly id: string;
  readonly connection: string;
  readonly dialect: string | null;
  readonly operation: string | null;
  readonly method: string;
  /** Masked; empty while no bundle is active, for nothing else knows how to mask. */
  readonly path: string;
  /** Status of the answer that the caller got; 499 when it had gone. */
  readonly status: number;
  readonly verdict: 'allow' | 'deny' | 'fault';
  readonly reason: ReasonCode | null;
  readonly policy: string | null;
  readonly policyCode: string | null;
  readonly message: string | null;
  readonly identity: {
    readonly kind: string;
    readonly subject: string | null;
    readonly issuer: string | null;
    readonly token: string | null;
  } | null;
  readonly model: string | null;
  readonly dataset: string | null;
  readonly documents: number;
  readonly dropped: number;
  readonly results: number;
  /** Results that each rank verb removed or moved; empty when none did anything. */
  readonly ranking: readonly {
    readonly verb: string;
    readonly removed: number;
    readonly moved: number;
    readonly policies: readonly string[];
  }[];
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly upstreamStatus: number | null;
  /** Masked values by entity or rule, over request and response. */
  readonly masked: Readonly<Record<string, number>>;
  /** Denials and faults that shadow policies would have caused. */
  readonly shadow: readonly { readonly policy: string; readonly code: string }[];
  /** What would have been decided otherwise with a shadow policy enforced, each once. */
  readonly disagreements: readonly ShadowDisagreement[];
  readonly bundle: { readonly revision: number; readonly digest: string } | null;
  readonly timings: Readonly<Record<string, number>>;
}
