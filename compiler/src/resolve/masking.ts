import {
  type DetectorRule,
  ENTITIES,
  type FieldRule,
  type Problem,
  type ResolvedMasking,
} from '@rankguard/contract';
import type { ReadResource, ReadResourceOf } from '@rankguard/contract/resources';
import { createReport, ofKind, type ReadConnection, type Report } from './report.ts';
import { createSecretCheck, type SecretCheck, tokenKey, UNREAD_SECRETS } from './secrets.ts';

type ReadProfile = ReadResourceOf<'MaskingProfile'> | ReadResourceOf<'ClusterMaskingProfile'>;

/** What applies to a connection that names no profile: everything that is detected is redacted. */
export const DEFAULT_MASKING: ResolvedMasking = {
  order: 'score-then-mask',
  fields: [],
  detectors: [{ entities: ENTITIES, with: 'redact' }],
  tokenKey: null,
};

interface Tools {
  readonly report: Report;
  readonly secrets: SecretCheck;
}

/** The masking of a connection: its profile in its namespace, else of the whole cluster, else the default. */
export function maskingOf(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  tools: Tools,
): ResolvedMasking {
  const { order, profile: name } = connection.object.spec.masking;
  const profile = name === undefined ? undefined : findProfile(connection, resources, name, tools.report);
  return profile === undefined ? { ...DEFAULT_MASKING, order } : { order, ...rulesOf(profile, tools) };
}

export type MaskingResolution =
  | { readonly ok: true; readonly masking: ResolvedMasking }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * One profile's rules without a connection, e.g. for masking a text by hand. Secrets are looked up in
 * `namespace`: the profile's own unless it says otherwise; or not at all.
 */
export function resolveMasking(
  profile: ReadProfile,
  resources: readonly ReadResource[],
  options: { readonly namespace?: string | undefined; readonly secrets?: 'unread' } = {},
): MaskingResolution {
  const report = createReport();
  const namespace = options.namespace ?? profile.namespace ?? 'default';
  const secrets =
    options.secrets === 'unread' ? UNREAD_SECRETS : createSecretCheck(resources, namespace, report);
  const rules = rulesOf(profile, { report, secrets });
  return report.problems.length > 0
    ? { ok: false, problems: report.problems }
    : { ok: true, masking: { order: 'score-then-mask', ...rules } };
}

function rulesOf(profile: ReadProfile, { report, secrets }: Tools): Omit<ResolvedMasking, 'order'> {
  const { spec } = profile.object;
  refuseUnsupported(profile, report);
  const key = spec.tokenKey?.secretKeyRef;
  const reference =
    key === undefined
      ? null
      : secrets.key({ resource: profile, path: 'spec.tokenKey', reference: key, check: tokenKey });
  const fields = (spec.fields ?? []).map(
    (rule): FieldRule => ({
      names: rule.names ?? [],
      paths: rule.paths ?? [],
      facts: rule.facts ?? [],
      with: rule.with,
    }),
  );
  const detectors = (spec.detectors ?? []).map(
    (rule): DetectorRule => ({
      entities: ENTITIES.filter((entity) => rule.entities.includes('*') || rule.entities.includes(entity)),
      with: rule.with,
    }),
  );
  return { fields, detectors, tokenKey: reference };
}

function findProfile(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  name: string,
  report: Report,
): ReadProfile | undefined {
  const named = ofKind(resources, 'MaskingProfile').filter((profile) => profile.name === name);
  const found =
    named.find((profile) => profile.namespace === connection.namespace) ??
    ofKind(resources, 'ClusterMaskingProfile').find((profile) => profile.name === name);
  if (found !== undefined) return found;
  const [other] = named;
  const hint = other === undefined ? '' : `; there is one in namespace ${other.namespace}`;
  const message = `no MaskingProfile ${connection.namespace}/${name} and no ClusterMaskingProfile ${name}`;
  report.error(connection, 'spec.masking.profile', `${message}${report.where}${hint}`);
  return undefined;
}

function refuseUnsupported(resource: ReadProfile, report: Report): void {
  const { spec } = resource.object;
  for (const member of ['presets', 'patterns'] as const) {
    spec[member]?.forEach((_, i) => {
      report.unsupported(resource, `spec.${member}[${i}]`, `${member} are not supported by this version`);
    });
  }
  for (const member of ['fields', 'detectors'] as const) {
    spec[member]?.forEach((rule, i) => {
      const path = `spec.${member}[${i}].with`;
      if (rule.with === 'surrogate')
        report.unsupported(resource, path, 'surrogate is not supported by this version');
      if (rule.with === 'token' && spec.tokenKey === undefined) {
        report.error(resource, path, 'token needs a key: set `spec.tokenKey`');
      }
    });
  }
}
