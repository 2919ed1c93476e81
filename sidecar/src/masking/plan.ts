import type { Entity, MaskObligation, ResolvedMasking, Strategy } from '@rankguard/contract';
import { type FactsPath, parseFactsPath } from './facts-paths.ts';
import { NameMatcher } from './names.ts';
import { parseJsonPath, type Segment } from './paths.ts';
import { entitiesOf } from './scanner.ts';
import { checkStrategy, fixedText, stricter } from './strategies.ts';
import type { MaskLabel } from './types.ts';

export interface FactsRule {
  readonly path: FactsPath;
  readonly strategy: Strategy;
  readonly label: MaskLabel;
}

export interface PathRule {
  readonly segments: readonly Segment[];
  readonly strategy: Strategy;
}

/** What the profile asks for about a finding. */
export interface Judgement {
  readonly entity: Entity;
  readonly strategy: Strategy;
  /** The text in its place, when that does not depend on the value. */
  readonly fixed: string | null;
}

/** A masking profile made ready. */
export interface Plan {
  /** Whether anything is looked for in texts. */
  readonly detects: boolean;
  /** About findings with these kinds; null when it asks for none of their entities. */
  judge(kinds: number): Judgement | null;
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
  const detectors = new Map<Entity, Strategy>();
  for (const rule of masking.detectors) {
    checkConfig(rule.with);
    for (const entity of rule.entities) {
      const before = detectors.get(entity);
      detectors.set(entity, before === undefined ? rule.with : stricter(before, rule.with));
    }
  }
  const paths: PathRule[] = [];
  const facts: FactsRule[] = [];
  for (const { paths: bodies, facts: meanings, with: strategy } of masking.fields) {
    checkConfig(strategy);
    for (const path of bodies) paths.push({ segments: parseJsonPath(path), strategy });
    for (const path of meanings) {
      facts.push({ path: parseFactsPath(path, 'CONFIG_UNSUPPORTED'), strategy, label: 'FIELD' });
    }
  }
  const known = new Map<string, FactsPath>();

  function checkConfig(strategy: Strategy): void {
    const code = strategy === 'token' ? 'CONFIG_INVALID' : 'CONFIG_UNSUPPORTED';
    checkStrategy(strategy, tokenKey, code);
  }

  function pathOf(text: string): FactsPath {
    const seen = known.get(text);
    if (seen !== undefined) return seen;
    const path = parseFactsPath(text, 'POLICY_FAULT');
    if (known.size >= REMEMBERED) known.clear();
    known.set(text, path);
    return path;
  }

  const judgements = new Map<number, Judgement | null>();

  /** There are few combinations of kinds, so all that come up are kept. */
  function judge(kinds: number): Judgement | null {
    const seen = judgements.get(kinds);
    if (seen !== undefined) return seen;
    const asked = entitiesOf(kinds).filter((entity) => detectors.has(entity));
    const strategies = asked.map((entity) => detectors.get(entity)!);
    const made = asked.length === 0 ? null : judgement(asked[0]!, strategies.reduce(stricter));
    judgements.set(kinds, made);
    return made;
  }

  return {
    detects: detectors.size > 0,
    judge,
    names: new NameMatcher(masking.fields),
    paths,
    facts,
    obliged: (obligations) =>
      obligations.map(({ path, with: strategy }) => {
        checkStrategy(strategy, tokenKey, 'POLICY_FAULT');
        return { path: pathOf(path), strategy, label: 'POLICY' };
      }),
  };
}

function judgement(entity: Entity, strategy: Strategy): Judgement {
  return { entity, strategy, fixed: fixedText(strategy, entity) };
}
