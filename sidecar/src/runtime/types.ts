import type { Bundle } from '@rankguard/contract';
import type { MatchedRoute } from '../dialects/index.ts';
import type { DocumentReader } from '../facts/index.ts';
import type { FindFindings } from '../findings/index.ts';
import type { HealthProxy } from '../forward/health-proxy.ts';
import type { Upstream } from '../forward/index.ts';
import type { ServedModels } from '../forward/served-model.ts';
import type { AwsCredential } from '../forward/sigv4.ts';
import type { Authenticator } from '../identity/index.ts';
import type { JsonReader } from '../json/index.ts';
import type { Masker, Maskers } from '../masking/index.ts';
import type { PolicySet } from '../policy/index.ts';

/** A bundle in force: everything that a call needs, made once. A call keeps the one it began with. */
export interface Active {
  readonly bundle: Bundle;
  readonly match: (method: string, path: string) => MatchedRoute | undefined;
  readonly authenticator: Authenticator;
  readonly reader: JsonReader;
  readonly documents: DocumentReader;
  readonly find: FindFindings;
  readonly policies: PolicySet;
  /** Masks with all rules, whoever calls: for what is said to nobody in particular. */
  readonly masker: Masker;
  /** Masks with the rules that apply to a caller and a direction. */
  readonly maskers: Maskers;
  readonly upstream: Upstream;
  readonly health: HealthProxy;
  /** Which model the upstream serves; nothing is known of it where no policy asks. */
  readonly served: ServedModels;
  /** The upstream's own key, or null. */
  readonly upstreamKey: string | null;
  /** What that key is when it is one of AWS's, to sign with; else null. */
  readonly aws: AwsCredential | null;
  /** Host and port of the upstream, as a Host field has them. */
  readonly upstreamHost: string;
}
