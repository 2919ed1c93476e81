import { type DetectorRule, ENTITIES, type FieldRule, type ResolvedMasking } from '@rankguard/contract';
import type { MaskingProfile, ReadResource } from '@rankguard/contract/resources';
import { ofKind, type ReadConnection, type Report } from './report.ts';
import { type SecretCheck, tokenKey } from './secrets.ts';

type ProfileSpec = MaskingProfile['spec'];
interface Profile {
  readonly resource: ReadResource;
  readonly spec: ProfileSpec;
}

/** What applies to a connection that names no profile: everything that is detected is redacted. */
const DEFAULT_DETECTORS: readonly DetectorRule[] = [{ entities: ENTITIES, with: 'redact' }];

/** The masking of a connection: its profile in its namespace, else of the whole cluster, else the default. */
export function resolveMasking(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  { report, secrets }: { readonly report: Report; readonly secrets: SecretCheck },
): ResolvedMasking {
  const { order, profile: name } = connection.object.spec.masking;
  const profile = name === undefined ? undefined : findProfile(connection, resources, name, report);
  if (profile === undefined) return { order, fields: [], detectors: DEFAULT_DETECTORS, tokenKey: null };
  const { resource, spec } = profile;
  refuseUnsupported(profile, report);
  const key = spec.tokenKey?.secretKeyRef;
  const reference =
    key === undefined
      ? null
      : secrets.key({ resource, path: 'spec.tokenKey', reference: key, check: tokenKey });
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
  return { order, fields, detectors, tokenKey: reference };
}

function findProfile(
  connection: ReadConnection,
  resources: readonly ReadResource[],
  name: string,
  report: Report,
): Profile | undefined {
  const named = ofKind(resources, 'MaskingProfile').filter((profile) => profile.name === name);
  const found =
    named.find((profile) => profile.namespace === connection.namespace) ??
    ofKind(resources, 'ClusterMaskingProfile').find((profile) => profile.name === name);
  if (found !== undefined) return { resource: found, spec: found.object.spec };
  const [other] = named;
  const hint = other === undefined ? '' : `; there is one in namespace ${other.namespace}`;
  const message = `no MaskingProfile ${connection.namespace}/${name} and no ClusterMaskingProfile ${name} in the files`;
  report.error(connection, 'spec.masking.profile', `${message}${hint}`);
  return undefined;
}

function refuseUnsupported({ resource, spec }: Profile, report: Report): void {
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
