import type { Entity, MaskObligation, ResolvedMasking, Strategy } from '@rankguard/contract';
import type { AnyFinding } from './any-detector.ts';
import { type FactsPath, parseFactsPath } from './facts-paths.ts';
import { NameMatcher } from './names.ts';
import { parseJsonPath, type Segment } from './paths.ts';
import { patternLabel } from './patterns.ts';
import { checkStrategy, fixedText, KEEP, stricter, type Treatment } from './strategies.ts';
import type { MaskLabel } from './types.ts';

export interface FactsRule {
  readonly path: FactsPath;
  readonly treatment: Treatment;
  readonly label: MaskLabel;
}

export interface PathRule {
  readonly segments: readonly Segment[];
  readonly treatment: Treatment;
}

/** What the profile asks for about a finding. */
export interface Judgement {
  readonly entity: AnyFinding['entity'];
  readonly treatment: Treatment;
  /** The text in its place, when that does not depend on the value. */
  readonly fixed: string | null;
}

/** A masking profile made ready. */
export interface Plan {
  /** Whether anything is looked for in texts. */
  readonly detects: boolean;
  /** What the detectors look for. */
  readonly entities: readonly Entity[];
  /** About a finding; null when it asks for none of what that could be. */
  judge(finding: Pick<AnyFinding, 'entity' | 'also'>): Judgement | null;
  readonly names: NameMatcher;
  readonly paths: readonly PathRule[];
  readonly facts: readonly FactsRule[];
  /** The facts rules of obligations. Throws POLICY_FAULT for what cannot be understood. */
  obliged(obligations: readonly MaskObligation[]): FactsRule[];
}

/** Obligation paths that one plan remembers; policies may compute them. */
const REMEMBERED = 1024;

/** Throws CONFIG_UNSUPPORTED or CONFIG_INVALID for a profile that asks for what cannot be done. */
export function createPlan(masking: ResolvedMasking, tokenKey: Uint8Array | null): Plan {
  const detectors = new Map<AnyFinding['entity'], Treatment>();
  const entities = new Set<Entity>();
  for (const rule of masking.detectors) {
    const treatment = checked(rule);
    for (const entity of rule.entities) {
      entities.add(entity);
      const before = detectors.get(entity);
      detectors.set(entity, before === undefined ? treatment : stricter(before, treatment));
    }
  }
  for (const { entity } of masking.deny ?? []) {
    if (!detectors.has(entity)) detectors.set(entity, { strategy: 'redact', keep: KEEP });
  }
  for (const rule of masking.patterns ?? []) detectors.set(patternLabel(rule.name), checked(rule));
  const paths: PathRule[] = [];
  const facts: FactsRule[] = [];
  for (const rule of masking.fields) {
    const treatment = checked(rule);
    for (const path of rule.paths) paths.push({ segments: parseJsonPath(path), treatment });
    for (const path of rule.facts) {
      facts.push({ path: parseFactsPath(path, 'CONFIG_UNSUPPORTED'), treatment, label: 'FIELD' });
    }
  }
  const known = new Map<string, FactsPath>();

  function checked(rule: { readonly with: Strategy; readonly keepLast?: number }): Treatment {
    checkStrategy(rule.with, tokenKey, 'CONFIG_INVALID');
    return { strategy: rule.with, keep: rule.keepLast ?? KEEP };
  }

  function pathOf(text: string): FactsPath {
    const seen = known.get(text);
    if (seen !== undefined) return seen;
    const path = parseFactsPath(text, 'POLICY_FAULT');
    if (known.size >= REMEMBERED) known.clear();
    known.set(text, path);
    return path;
  }

  const judgements = new Map<AnyFinding['entity'], Judgement>(
    Array.from(detectors, ([entity, treatment]) => [entity, judgement(entity, treatment)]),
  );

  return {
    detects: detectors.size > 0,
    entities: [...entities],
    judge({ entity, also = [] }) {
      const own = judgements.get(entity) ?? null;
      // Only what `partial` keeps could show a part of another kind that overlaps.
      if (own !== null && own.treatment.strategy !== 'partial') return own;
      let judged = own;
      for (const other of also) {
        const one = judgements.get(other) ?? null;
        if (one === null) continue;
        if (judged === null) judged = one;
        else judged = judgement(judged.entity, stricter(judged.treatment, one.treatment));
      }
      return judged;
    },
    names: new NameMatcher(masking.fields),
    paths,
    facts,
    obliged: (obligations) =>
      obligations.map(({ path, with: strategy }) => {
        checkStrategy(strategy, tokenKey, 'POLICY_FAULT');
        return { path: pathOf(path), treatment: { strategy, keep: KEEP }, label: 'POLICY' };
      }),
  };
}

function judgement(entity: AnyFinding['entity'], treatment: Treatment): Judgement {
  return { entity, treatment, fixed: fixedText(treatment.strategy, entity) };
}
