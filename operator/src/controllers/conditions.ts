import type { Condition } from '@rankguard/contract/resources';
import { wholeSeconds } from '../kube/index.ts';

/** A condition as a controller states it; when it last changed is worked out. */
export interface Statement {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

const MOST_MESSAGE = 2000;

/** Statements as conditions (metav1.Condition): the time stays while the status does. */
export function conditionsOf(
  statements: readonly Statement[],
  before: readonly Condition[] | undefined,
  { generation, now }: { readonly generation: number; readonly now: number },
): Condition[] {
  return statements.map(({ type, status, reason, message }) => {
    const known = before?.find((one) => one.type === type);
    const lastTransitionTime = known?.status === status ? known.lastTransitionTime : wholeSeconds(now);
    const text = message.length > MOST_MESSAGE ? `${message.slice(0, MOST_MESSAGE - 1)}…` : message;
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message: text };
  });
}

export const holds = (type: string, reason: string, message: string): Statement => ({
  type,
  status: 'True',
  reason,
  message,
});
export const fails = (type: string, reason: string, message: string): Statement => ({
  type,
  status: 'False',
  reason,
  message,
});
