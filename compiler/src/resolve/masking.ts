import {
  type DetectorRule,
  ENTITIES,
  type FieldRule,
  type MaskRule,
  type Problem,
  type ResolvedMasking,
} from '@rankguard/contract';
import type { ReadResource, ReadResourceOf } from '@rankguard/contract/resources';
import { normaliseName, patternProblem } from '@rankguard/sidecar/masking';
import { PRESET_RULES } from './presets.ts';
import { createReport, ofKind, type ReadConnection, type Report } from './report.ts';
import { createSecretCheck, type SecretCheck, tokenKey, UNREAD_SECRETS } from './secrets.ts';

type ReadProfile = ReadResourceOf<'MaskingProfile'> | ReadResourceOf<'ClusterMaskingProfile'>;

/** What applies to a connection that names no profile: what is detected, and fields with sensitive names, are redacted. */
export const DEFAULT_MASKING: ResolvedMasking = {
  order: 'score-then-mask',
  ...PRESET_RULES.default,
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
  const { order, profile: name, displacementPercent } = connection.object.spec.masking;
  if (order === 'mask-then-score' && displacementPercent > 0) {
    // The other ranking would need the texts that this order keeps from the reranker.
    tools.report.error(
      connection,
      'spec.masking.displacementPercent',
      'displacement is measured with order score-then-mask only: the reranker would have to see what is masked',
    );
  }
  const own = displacementPercent > 0 ? { order, displacementPercent } : { order };
  const profile = name === undefined ? undefined : findProfile(connection, resources, name, tools.report);
  return profile === undefined ? { ...DEFAULT_MASKING, ...own } : { ...own, ...rulesOf(profile, tools) };
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
  checkRules(profile, report);
  const key = spec.tokenKey?.secretKeyRef;
  const reference =
    key === undefined
      ? null
      : secrets.key({ resource: profile, path: 'spec.tokenKey', reference: key, check: tokenKey });
  const presets = (spec.presets ?? []).map((name) => PRESET_RULES[name]);
  const fields = (spec.fields ?? []).map((rule): FieldRule => {
    const { names = [], paths = [], facts = [], ...rest } = rule;
    return { names, paths, facts, ...rest };
  });
  const detectors = (spec.detectors ?? []).map((rule): DetectorRule => {
    const entities = ENTITIES.filter(
      (entity) => rule.entities.includes('*') || rule.entities.includes(entity),
    );
    return { ...rule, entities };
  });
  return {
    fields: [
      ...overridden(
        presets.flatMap((preset) => preset.fields),
        fields,
      ),
      ...fields,
    ],
    detectors: [
      ...withoutNamed(
        presets.flatMap((preset) => preset.detectors),
        detectors,
      ),
      ...detectors,
    ],
    tokenKey: reference,
    ...more(spec),
  };
}

type Spec = ReadProfile['object']['spec'];

/** Members of the result that are there only when the profile has them. */
function more(spec: Spec): Partial<ResolvedMasking> {
  const { patterns, thresholds, allow, deny, tokenDomain, unreadable, restore } = spec;
  const least = thresholds?.map(({ entity, score }) => [entity, score / 100] as const);
  return {
    ...(patterns !== undefined && { patterns }),
    ...(least !== undefined && { thresholds: Object.fromEntries(least) }),
    ...(allow !== undefined && { allow }),
    ...(deny !== undefined && { deny }),
    ...(tokenDomain !== undefined && { tokenDomain }),
    ...(unreadable === 'drop' && { unreadable }),
    ...(restore && { restore }),
  };
}

/** Whether a rule holds for every caller that it does not except, in both directions. */
function isGeneral({ groups, direction }: MaskRule): boolean {
  return groups === undefined && direction === undefined;
}

/** What a profile says of a name itself goes before what its presets say of it. */
function overridden(presets: readonly FieldRule[], own: readonly FieldRule[]): FieldRule[] {
  const said = new Set(own.filter(isGeneral).flatMap(({ names }) => names.map(normaliseName)));
  return presets.map((rule) => ({
    ...rule,
    names: rule.names.filter((name) => !said.has(normaliseName(name))),
  }));
}

/** What a profile says of an entity itself goes before what its presets say of it. */
function withoutNamed(presets: readonly DetectorRule[], own: readonly DetectorRule[]): DetectorRule[] {
  const said = new Set(own.filter(isGeneral).flatMap(({ entities }) => entities));
  return presets.map((rule) => ({ ...rule, entities: rule.entities.filter((entity) => !said.has(entity)) }));
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

function checkRules(resource: ReadProfile, report: Report): void {
  const { spec } = resource.object;
  for (const member of ['fields', 'detectors', 'patterns'] as const) {
    spec[member]?.forEach((rule, i) => {
      if ((rule.with === 'token' || rule.with === 'surrogate') && spec.tokenKey === undefined) {
        report.error(
          resource,
          `spec.${member}[${i}].with`,
          `${rule.with} needs a key: set \`spec.tokenKey\``,
        );
      }
    });
  }
  spec.patterns?.forEach(({ pattern }, i) => {
    const problem = patternProblem(pattern);
    if (problem !== null) report.error(resource, `spec.patterns[${i}].pattern`, problem);
  });
}
