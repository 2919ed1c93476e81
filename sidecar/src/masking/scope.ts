import type { ResolvedMasking, RuleScope } from '@rankguard/contract';
import type { Masker } from './types.ts';

/** For whom something is masked, and on which way. */
export interface MaskFor {
  readonly direction: 'request' | 'response';
  readonly groups: readonly string[];
}

/** Gives the masker of the rules that apply to a call. */
export type Maskers = (call: MaskFor) => Masker;

/** Maskers that are kept; each is a choice of rules, of which a profile has few. */
const KEPT = 64;

/** Whether a rule applies: nothing said means always. */
export function applies({ direction, groups, exceptGroups }: RuleScope, call: MaskFor): boolean {
  if (direction !== undefined && direction !== call.direction) return false;
  if (groups !== undefined && !groups.some((group) => call.groups.includes(group))) return false;
  return exceptGroups === undefined || !exceptGroups.some((group) => call.groups.includes(group));
}

/**
 * Chooses among the rules of a profile by direction and the caller's groups. `create` makes the masker of a
 * choice; all rules together are tried at once, so that a profile that cannot be used is refused at its start.
 */
export function createMaskers(
  masking: ResolvedMasking,
  create: (masking: ResolvedMasking) => Masker,
): Maskers {
  const { fields, detectors, patterns = [] } = masking;
  const rules: readonly RuleScope[] = [...fields, ...detectors, ...patterns];
  const all = create(masking);
  if (!rules.some(isScoped)) return () => all;
  const known = new Map<string, Masker>();
  return (call) => {
    const chosen = rules.map((rule) => applies(rule, call));
    const name = chosen.map(Number).join('');
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const holds = (from: number) => (_: unknown, place: number) => chosen[from + place]!;
    const made = create({
      ...masking,
      fields: fields.filter(holds(0)),
      detectors: detectors.filter(holds(fields.length)),
      patterns: patterns.filter(holds(fields.length + detectors.length)),
    });
    if (known.size >= KEPT) known.clear();
    known.set(name, made);
    return made;
  };
}

function isScoped({ direction, groups, exceptGroups }: RuleScope): boolean {
  return direction !== undefined || groups !== undefined || exceptGroups !== undefined;
}
