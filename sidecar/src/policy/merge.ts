import {
  codeOf,
  type DropObligation,
  type LimitObligation,
  type MaskObligation,
  type Obligations,
  type RankObligation,
  REASONS,
  type Reason,
  type ShadowDisagreement,
  type Strategy,
  type Verdict,
} from '@rankguard/contract';
import type { PolicyOutput } from './output.ts';

export type Phase = 'request' | 'response';

/** What became of one policy: what it says, or the fault that kept it from saying anything. */
export interface PolicyAnswer {
  readonly policy: string;
  readonly mode: 'enforce' | 'shadow';
  readonly said: { readonly output: PolicyOutput } | { readonly fault: unknown };
}

export interface Decision {
  readonly verdict: Verdict;
  /** What shadow policies would have denied with, and their faults; none of it is in the verdict. */
  readonly shadow: readonly { readonly policy: string; readonly code: string }[];
  /** What would be decided otherwise if one shadow policy were enforced, the others staying as they are. */
  readonly disagreements: readonly ShadowDisagreement[];
}

const OBLIGATIONS = ['mask', 'drop', 'limit', 'rank'] as const;

/**
 * Makes one verdict of what the policies say: any deny or fault of an enforcing policy wins, in the order of the
 * policies, then of the codes. Without one, the request needs an allow from at least one enforcing policy; the
 * response was allowed with its request. Masks and drops are united, of two masks for one
 * path the stricter holds, and of limits the lowest.
 */
export function mergeAnswers(answers: readonly PolicyAnswer[], phase: Phase): Decision {
  const enforcing = answers.filter(({ mode }) => mode === 'enforce');
  const shadow = answers
    .filter(({ mode }) => mode === 'shadow')
    .flatMap((answer) =>
      reasonsOf(answer).map((reason) => ({ policy: answer.policy, code: reason.policyCode ?? reason.code })),
    );
  const verdict = verdictOf(enforcing, phase);
  const disagreements = answers
    .filter(({ mode }) => mode === 'shadow')
    .flatMap((answer) => {
      const other = verdictOf([...enforcing, answer], phase);
      return differences(verdict, other).map((would) => ({ policy: answer.policy, would }));
    });
  return { verdict, shadow, disagreements };
}

function verdictOf(enforcing: readonly PolicyAnswer[], phase: Phase): Verdict {
  const [reason, ...others] = enforcing.flatMap(reasonsOf);
  if (reason !== undefined) return { kind: 'deny', reason, others };
  const by = enforcing
    .filter(({ said }) => 'output' in said && said.output.allow)
    .map(({ policy }) => policy);
  if (phase === 'request' && by.length === 0) {
    const silence: Reason = { code: 'NOT_ALLOWED', message: REASONS.NOT_ALLOWED.sentence };
    return { kind: 'deny', reason: silence, others: [] };
  }
  return { kind: 'allow', by, obligations: obligationsOf(enforcing) };
}

function differences(verdict: Verdict, other: Verdict): readonly ShadowDisagreement['would'][] {
  if (verdict.kind !== other.kind) return [other.kind];
  if (verdict.kind !== 'allow' || other.kind !== 'allow') return [];
  return OBLIGATIONS.filter((name) => saidOf(verdict.obligations, name) !== saidOf(other.obligations, name));
}

/** What is to be done, whoever asked for it: two policies may ask for the same. */
function saidOf(obligations: Obligations, name: (typeof OBLIGATIONS)[number]): string {
  const items = [obligations[name] ?? []].flat();
  return [...new Set(items.map(({ policy, ...said }) => JSON.stringify(said)))].toSorted().join();
}

function reasonsOf({ policy, said }: PolicyAnswer): readonly Reason[] {
  if ('output' in said) {
    return said.output.deny.map(({ code, message }) => ({
      code: 'POLICY_DENY',
      message,
      policy,
      policyCode: code,
    }));
  }
  // The cause stays in the log: it can name places in the policy's source.
  const code = codeOf(said.fault) === 'POLICY_RUNAWAY' ? 'POLICY_RUNAWAY' : 'POLICY_FAULT';
  return [{ code, message: REASONS[code].sentence, policy }];
}

function obligationsOf(answers: readonly PolicyAnswer[]): Obligations {
  const mask = new Map<string, MaskObligation>();
  const drop = new Map<number, DropObligation>();
  let limit: LimitObligation | null = null;
  const rank: RankObligation[] = [];
  for (const { policy, said } of answers) {
    if (!('output' in said)) continue;
    for (const item of said.output.mask) keepStricter(mask, { ...item, policy });
    for (const item of said.output.drop) {
      if (!drop.has(item.index)) drop.set(item.index, { ...item, policy });
    }
    for (const item of said.output.rank) rank.push({ ...item, policy });
    for (const item of said.output.limit) {
      if (isStricter(item, limit)) limit = { ...item, policy };
    }
  }
  return {
    mask: [...mask.values()],
    drop: [...drop.values()].toSorted((a, b) => a.index - b.index),
    limit,
    rank,
  };
}

function keepStricter(masks: Map<string, MaskObligation>, item: MaskObligation): void {
  const other = masks.get(item.path);
  if (other === undefined || strictness(item.with) > strictness(other.with)) masks.set(item.path, item);
}

/** From what shows most of a value to what shows not even that there was one. */
const BY_STRICTNESS: readonly Strategy[] = ['partial', 'surrogate', 'token', 'redact', 'null', 'remove'];

function strictness(strategy: Strategy): number {
  return BY_STRICTNESS.indexOf(strategy);
}

/** Fewer documents are stricter; of equal limits the one that denies is. */
function isStricter(
  item: { documents: number; truncate: boolean },
  than: { documents: number; truncate: boolean } | null,
): boolean {
  if (than === null || item.documents !== than.documents)
    return than === null || item.documents < than.documents;
  return than.truncate && !item.truncate;
}
