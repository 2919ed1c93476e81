import { X509Certificate } from 'node:crypto';
import type { DatasetSource, IssuerConfig, Limits, ResolvedConnection } from '@rankguard/contract';
import { RESERVED_AUDIENCES } from '@rankguard/contract/control';
import { parseDuration, parseQuantity, type RerankConnection } from '@rankguard/contract/resources';
import type { ReadConnection, Report } from './report.ts';
import { headerValue, type SecretCheck } from './secrets.ts';

type Spec = RerankConnection['spec'];
interface Tools {
  /** Whether there is a cluster, whose ServiceAccounts may call. */
  readonly cluster: boolean;
  readonly report: Report;
  readonly secrets: SecretCheck;
}

/** Facts about the caller that have one source each; a mapping of the same name would look as if it changed them. */
const FIXED_FACTS: Readonly<Record<string, string>> = {
  subject: 'sub',
  issuer: 'iss',
  expires: 'exp',
  id: 'jti',
  kind: 'the kind of token',
  token: 'the token',
  workload: 'kubernetes.io',
};
/** Claims with a place of their own in the facts: lists, or what the token is for. */
const PLACED = ['groups', 'scopes', 'purpose'];

/** A connection as the sidecar runs it. Refuses what this version does not do, and what nobody could ever use. */
export function resolveConnection(
  connection: ReadConnection,
  { report, secrets, cluster }: Tools,
): ResolvedConnection {
  const { spec } = connection.object;
  refuseUnsupported(connection, report);
  refuseReserved(connection, report);
  refuseUnreachable(connection, report, cluster);
  const upstreamKey = spec.ingress.upstreamKey?.secretKeyRef;
  const listener = spec.tls?.listener?.secretName;
  const upstreamCa = spec.tls?.upstream?.caBundle;
  checkCertificates(connection, 'spec.tls.upstream.caBundle', upstreamCa, report);
  return {
    namespace: connection.namespace,
    name: connection.name,
    dialects: spec.ingress.dialects,
    issuers: resolveIssuers(connection, report),
    serviceAccountAudiences: spec.identity.serviceAccounts?.audiences ?? [],
    anonymous: spec.identity.anonymous,
    models: spec.models?.map(({ name, version }) => ({ name, version: version ?? null })) ?? null,
    dataset: resolveDataset(connection, report),
    upstreamKey:
      upstreamKey === undefined
        ? null
        : secrets.key({
            resource: connection,
            path: 'spec.ingress.upstreamKey',
            reference: upstreamKey,
            check: headerValue,
          }),
    listenerTls:
      listener === undefined ? null : secrets.tls(connection, 'spec.tls.listener.secretName', listener),
    upstreamCa: upstreamCa ?? null,
    limits: resolveLimits(spec.limits),
    otherPorts: spec.ingress.otherPorts.map(({ port }) => port),
    staleAfterSeconds: parseDuration(spec.failure.staleAfter) ?? 0,
    rankingHeader: spec.ranking.header,
  };
}

function refuseUnsupported(connection: ReadConnection, report: Report): void {
  const { egress, evidence, identity } = connection.object.spec;
  egress.forEach((_, i) => {
    report.unsupported(connection, `spec.egress[${i}]`, 'egress is not supported by this version');
  });
  if (evidence.level === 'encrypted') {
    report.unsupported(
      connection,
      'spec.evidence.level',
      'encrypted is not supported by this version; use masked',
    );
  }
  if (evidence.required) {
    const message = 'this version keeps no evidence that a call could depend on; use false';
    report.unsupported(connection, 'spec.evidence.required', message);
  }
  identity.issuers.forEach((issuer, i) => {
    const path = `spec.identity.issuers[${i}]`;
    if (issuer.kubernetesUser !== undefined) {
      const message = 'mapping callers to Kubernetes users is not supported by this version';
      report.unsupported(connection, `${path}.kubernetesUser`, message);
    }
    for (const name of Object.keys(issuer.claims)) {
      if (!Object.hasOwn(FIXED_FACTS, name)) continue;
      const message = `this fact always comes from ${FIXED_FACTS[name]}; use another name for identity.claims`;
      report.unsupported(connection, `${path}.claims.${name}`, message);
    }
  });
}

/** A token that a caller shows must never be good for the control API. */
function refuseReserved(connection: ReadConnection, report: Report): void {
  const { issuers, serviceAccounts } = connection.object.spec.identity;
  const places = issuers.map(({ audiences }, i) => ({ audiences, path: `spec.identity.issuers[${i}]` }));
  if (serviceAccounts !== undefined)
    places.push({ ...serviceAccounts, path: 'spec.identity.serviceAccounts' });
  for (const { audiences, path } of places) {
    audiences.forEach((audience, i) => {
      if (!RESERVED_AUDIENCES.includes(audience)) return;
      report.error(
        connection,
        `${path}.audiences[${i}]`,
        `${audience} is Rankguard's own; use another audience`,
      );
    });
  }
}

function refuseUnreachable(connection: ReadConnection, report: Report, cluster: boolean): void {
  const { issuers, serviceAccounts, anonymous } = connection.object.spec.identity;
  if (serviceAccounts !== undefined && cluster) return;
  if (serviceAccounts !== undefined) {
    const message = 'tokens of service accounts need a cluster; here they are refused';
    report.notice(connection, 'spec.identity.serviceAccounts', message);
  }
  if (issuers.length > 0 || anonymous === 'allow') return;
  const message = 'nobody could ever call: add an issuer, or set `anonymous: allow`';
  report.error(connection, 'spec.identity', message);
}

function resolveIssuers(connection: ReadConnection, report: Report): readonly IssuerConfig[] {
  const { identity, datasets } = connection.object.spec;
  const wanted = datasets?.from.token;
  return identity.issuers.map(({ issuer, audiences, claims, caBundle }, i) => {
    checkCertificates(connection, `spec.identity.issuers[${i}].caBundle`, caBundle, report);
    // The data set is looked up among the facts, and only mapped claims become facts.
    const needed = wanted === undefined || Object.hasOwn(claims, wanted) ? {} : { [wanted]: wanted };
    return { issuer, audiences, claims: { ...claims, ...needed }, caBundle: caBundle ?? null };
  });
}

function resolveDataset(connection: ReadConnection, report: Report): DatasetSource | null {
  const from = connection.object.spec.datasets?.from;
  if (from === undefined) return null;
  if (from.fixed !== undefined) return { from: 'fixed', value: from.fixed };
  if (from.header !== undefined) return { from: 'header', name: from.header };
  if (from.body !== undefined) return { from: 'body', name: from.body };
  const name = from.token ?? '';
  if (PLACED.includes(name)) {
    report.error(connection, 'spec.datasets.from.token', `${name} names no data set; use another claim`);
  }
  return { from: 'token', name };
}

function resolveLimits(limits: Spec['limits']): Limits {
  const bytes = (value: string | number) => Math.floor(parseQuantity(value) ?? 0);
  return {
    requestBytes: bytes(limits.requestBytes),
    responseBytes: bytes(limits.responseBytes),
    bufferedBytes: bytes(limits.bufferedBytes),
    documents: limits.documents,
    concurrency: limits.concurrency,
    timeoutSeconds: limits.timeoutSeconds,
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function checkCertificates(
  connection: ReadConnection,
  path: string,
  pem: string | undefined,
  report: Report,
): void {
  if (pem === undefined) return;
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (pem.replace(CERTIFICATE, '').includes('-----')) {
    report.error(connection, path, 'expected nothing but certificates in PEM form');
  }
  for (const [i, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      report.error(connection, path, `certificate ${i + 1} cannot be read`);
    }
  }
}
