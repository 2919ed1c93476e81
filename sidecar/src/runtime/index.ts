import { type Bundle, CodedError, ENTITIES, type ResolvedMasking, type SecretRef } from '@rankguard/contract';
import { createRouter } from '../dialects/index.ts';
import { createDocumentReader } from '../facts/index.ts';
import { createFindings } from '../findings/index.ts';
import { createHealthProxy, type HealthProxy } from '../forward/health-proxy.ts';
import { createUpstream, type Upstream } from '../forward/index.ts';
import { type AwsCredential, readAwsCredential } from '../forward/sigv4.ts';
import { createAuthenticator, type KeySets } from '../identity/index.ts';
import { createJsonReader } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createDetector } from '../masking/detect/index.ts';
import { createMasker, createMaskers } from '../masking/index.ts';
import { createPolicySet } from '../policy/index.ts';
import { warmFacts } from './samples.ts';
import { createServed } from './served.ts';
import type { Active } from './types.ts';

export type { Active } from './types.ts';

/** Reads one key of a Secret. Throws CONFIG_INVALID when it is not there. */
export type ReadSecret = (reference: SecretRef) => Uint8Array;

export interface Runtime {
  readonly active: () => Active | undefined;
  /**
   * Builds all that a bundle needs, warms it, and only then puts it in force, in one assignment.
   * Throws CodedError when anything does not fit; what was in force stays.
   */
  activate(bundle: Bundle, readSecret: ReadSecret): void;
  /** Lets the bundle in force serve until then (unix seconds). */
  renew(expires: number): void;
  close(): Promise<void>;
}

/** Sockets to the upstream; more calls than this wait for one. */
const UPSTREAM_CONNECTIONS = 256;

interface Wire {
  readonly ca: string | null;
  readonly upstream: Upstream;
  readonly health: HealthProxy;
}

/** Holds the bundle in force. Readers, kernel, keys and connections outlive a change of policy. */
export function createRuntime(deps: {
  readonly upstreamUrl: string;
  readonly keySets: KeySets;
  readonly now: () => number;
}): Runtime {
  const kernel = createKernel();
  const reader = createJsonReader({ kernel });
  const createReader = () => createJsonReader({ kernel: createKernel() });
  const documents = createDocumentReader(createReader());
  const find = createFindings({ personalData: createDetector({ kernel, entities: ENTITIES }) });
  let active: Active | undefined;
  let wire: Wire | undefined;
  const servedBy = createServed(deps);
  const retired = createRetired();

  /** Connections are kept unless the trust in the upstream changes; calls that have begun keep the old ones. */
  function wireFor(ca: string | null): Wire {
    if (wire !== undefined && wire.ca === ca) return wire;
    const url = deps.upstreamUrl;
    return {
      ca,
      upstream: createUpstream({ url, ca, connections: UPSTREAM_CONNECTIONS }),
      health: createHealthProxy({ url, ca }),
    };
  }

  function build(bundle: Bundle, readSecret: ReadSecret, current: Wire): Active {
    const { connection, masking } = bundle;
    const create = (rules: ResolvedMasking) =>
      createMasker({ kernel, createReader, masking: rules, tokenKey });
    const tokenKey = masking.tokenKey === null ? null : readSecret(masking.tokenKey);
    const upstreamHost = new URL(deps.upstreamUrl).host;
    const upstreamKey = connection.upstreamKey === null ? null : textOf(readSecret, connection.upstreamKey);
    const policies = createPolicySet(bundle.policies);
    policies.warm(warmFacts(bundle));
    return {
      bundle,
      match: createRouter(connection.dialects).match,
      authenticator: createAuthenticator({
        issuers: connection.issuers,
        anonymous: connection.anonymous,
        keySets: deps.keySets,
        now: deps.now,
      }),
      reader,
      documents,
      find,
      policies,
      masker: create(masking),
      maskers: createMaskers(masking, create),
      upstream: current.upstream,
      health: current.health,
      served: servedBy(connection, policies, upstreamKey, current.upstream),
      upstreamKey,
      aws: awsOf(upstreamKey, upstreamHost),
      upstreamHost,
    };
  }

  return {
    active: () => active,
    activate(bundle, readSecret) {
      const next = wireFor(bundle.connection.upstreamCa);
      active = build(bundle, readSecret, next);
      const old = wire;
      wire = next;
      deps.keySets.start(bundle.connection.issuers);
      if (old !== undefined && old !== next) retired.retire(old);
    },
    renew(expires) {
      if (active !== undefined) active = { ...active, bundle: { ...active.bundle, expires } };
    },
    async close() {
      await retired.close();
      if (wire !== undefined) await closeWire(wire);
    },
  };
}

/** No call lasts longer: a body may take half a minute, and no connection waits more than an hour for an answer. */
const LONGEST_CALL_MS = 3_660_000;

/** Connections that only calls of an earlier bundle use; closed when none of those can be left. */
function createRetired() {
  const wires = new Map<Wire, NodeJS.Timeout>();
  function end(wire: Wire): Promise<void> {
    clearTimeout(wires.get(wire));
    wires.delete(wire);
    return closeWire(wire);
  }
  return {
    retire(wire: Wire): void {
      wires.set(wire, setTimeout(() => void end(wire), LONGEST_CALL_MS).unref());
    },
    async close(): Promise<void> {
      await Promise.all([...wires.keys()].map(end));
    },
  };
}

async function closeWire({ upstream, health }: Wire): Promise<void> {
  health.close();
  await upstream.close();
}

function awsOf(key: string | null, host: string): AwsCredential | null {
  const credential = key === null ? undefined : readAwsCredential(key, host);
  if (credential !== null) return credential ?? null;
  throw new CodedError(
    'CONFIG_INVALID',
    'the upstream key is no AWS credential: expected AccessKeyId, SecretAccessKey, and Region where the host does not say it',
  );
}

/** A header value cannot hold what a Secret may: line ends are trimmed, the rest is refused. */
function textOf(readSecret: ReadSecret, reference: SecretRef): string {
  const text = Buffer.from(readSecret(reference)).toString('utf8').trim();
  if (text === '' || !(text.startsWith('{') || /^[\x21-\x7e]+$/.test(text))) {
    throw new CodedError(
      'CONFIG_INVALID',
      `key ${reference.key} of Secret ${reference.name} is no header value`,
    );
  }
  return text;
}
