import type { Kube } from '@rankguard/operator/kube';

/** What a check found. A hint says how to mend it. */
export type Verdict =
  | { readonly status: 'ok'; readonly note?: string }
  | { readonly status: 'warning' | 'error'; readonly hint: string };

export interface Check {
  readonly category: string;
  /** What holds when all is well, as a sentence without its full stop. */
  readonly name: string;
  /** Nothing after it can be judged when it fails. */
  readonly fatal?: true;
  run(context: CheckContext): Promise<Verdict>;
}

export interface CheckContext {
  readonly kube: Kube;
  /** Where the operator is, or is to be. */
  readonly operatorNamespace: string;
  /** `namespace/name`; null: all of them. */
  readonly connection: string | null;
}

export interface Result {
  readonly category: string;
  readonly check: string;
  readonly status: Verdict['status'];
  readonly message: string | null;
}

export const ok = (note?: string): Verdict => ({ status: 'ok', ...(note !== undefined && { note }) });
export const warning = (hint: string): Verdict => ({ status: 'warning', hint });
export const failed = (hint: string): Verdict => ({ status: 'error', hint });

/** Runs checks in order; a check that cannot be made has failed, with what the API server said. */
export async function runChecks(checks: readonly Check[], context: CheckContext): Promise<Result[]> {
  const results: Result[] = [];
  for (const check of checks) {
    const verdict = await check.run(context).catch((error: unknown) => failed((error as Error).message));
    const message = verdict.status === 'ok' ? (verdict.note ?? null) : verdict.hint;
    results.push({ category: check.category, check: check.name, status: verdict.status, message });
    if (check.fatal && verdict.status === 'error') break;
  }
  return results;
}
