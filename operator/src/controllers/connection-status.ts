import type { Problem } from '@rankguard/contract';
import type { Condition, ConnectionStatus } from '@rankguard/contract/resources';
import type { InForce } from '../bundles/index.ts';
import { messagesOf, type Plan } from '../compile/index.ts';
import { conditionsOf, fails, holds, type Statement } from './conditions.ts';
import { type Confirmed, type PodsSeen, podsStatus } from './pods.ts';

/** Everything that a connection's status says, before it is said. */
export interface ConnectionFacts {
  readonly generation: number;
  readonly now: number;
  readonly before: ConnectionStatus | undefined;
  readonly plan: Plan;
  /** What is in force; null: nothing yet. */
  readonly active: InForce | null;
  /** `namespace/name` of an older connection that takes the same port. */
  readonly rival: string | null;
  readonly pods: PodsSeen;
  readonly confirmed: Confirmed;
  readonly injection: NonNullable<ConnectionStatus['injection']>;
  /** Ways round the sidecar, as sentences with a code. */
  readonly bypass: readonly { readonly code: string; readonly message: string }[];
  readonly upstreamKeySecret: string | null;
  readonly capture: string | null;
}

/** The status of a connection. Pure. */
export function connectionStatus(facts: ConnectionFacts): ConnectionStatus {
  const { generation, now, before, plan, active, confirmed, upstreamKeySecret, capture } = facts;
  const problems: readonly Problem[] = plan.ok ? plan.warnings : plan.problems;
  const statements = [policyActive(facts), conflicted(facts), bypassPossible(facts)];
  const conditions: Condition[] = conditionsOf(
    [ready(facts, statements), ...statements],
    before?.conditions,
    { generation, now },
  );
  const messages = messagesOf(problems);
  return {
    observedGeneration: generation,
    conditions,
    activeRevision: active?.revision ?? 0,
    ...(active && {
      activeDigest: active.digest,
      policies: [...active.policies],
    }),
    pods: podsStatus(facts.pods, confirmed),
    injection: facts.injection,
    ...(capture !== null && { capture }),
    ...(upstreamKeySecret !== null && { upstreamKeySecret }),
    ...(messages.length > 0 && { messages }),
  };
}

function policyActive({ plan, active, rival }: ConnectionFacts): Statement {
  const type = 'PolicyActive';
  if (plan.ok && active?.digest === plan.bundle.digest) {
    const count = active.policies.length;
    return holds(
      type,
      'Active',
      `revision ${active.revision} with ${count} ${count === 1 ? 'policy' : 'policies'}`,
    );
  }
  if (rival !== null && active === null) return fails(type, 'Conflicted', `${rival} guards the port`);
  const stays =
    active === null
      ? 'nothing is in force, every call is denied'
      : `revision ${active.revision} stays in force`;
  if (plan.ok) return fails(type, 'Pending', `a new revision is being prepared; ${stays}`);
  const [first] = plan.problems;
  const more = plan.problems.length > 1 ? ` (and ${plan.problems.length - 1} more)` : '';
  return fails(type, first?.code ?? 'CONFIG_INVALID', `${stays}: ${sentence(first)}${more}`);
}

function sentence(problem: Problem | undefined): string {
  if (problem === undefined) return 'the resources cannot be resolved';
  const place = [problem.file, problem.line].filter((part) => part !== null).join(':');
  return [place, problem.path, problem.message].filter(Boolean).join(': ');
}

function conflicted({ rival }: ConnectionFacts): Statement {
  if (rival === null) return fails('Conflicted', 'NoConflict', 'no older connection takes the same port');
  return holds(
    'Conflicted',
    'OlderConnection',
    `${rival} is older and takes the same port of pods that both select`,
  );
}

function bypassPossible({ bypass }: ConnectionFacts): Statement {
  const [first] = bypass;
  if (first === undefined) return fails('BypassPossible', 'NoneKnown', 'no way round the sidecar is known');
  return holds('BypassPossible', first.code, bypass.map(({ message }) => message).join('; '));
}

function ready(facts: ConnectionFacts, [active, conflict]: readonly Statement[]): Statement {
  const { pods, confirmed } = facts;
  if (conflict?.status === 'True') return fails('Ready', conflict.reason, conflict.message);
  if (active?.status !== 'True') return fails('Ready', active?.reason ?? 'Pending', active?.message ?? '');
  if (pods.unguarded.length > 0) {
    const them = pods.unguarded.length === 1 ? 'one pod runs' : `${pods.unguarded.length} pods run`;
    return fails('Ready', 'PodsUnguarded', `${them} without the sidecar; restart their workload`);
  }
  for (const { metadata } of pods.guarded) {
    const refused = confirmed.get(metadata.uid ?? '')?.refused;
    if (refused)
      return fails('Ready', 'BundleRefused', `pod ${metadata.name} refuses the bundle: ${refused}`);
  }
  return holds('Ready', 'Guarded', `${pods.guarded.length} guarded, none unguarded`);
}
