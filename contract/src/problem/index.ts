import type { ReasonCode } from '../reasons/index.ts';

/** Something wrong with what a person wrote: a resource, a policy, a test. Collected, never thrown one by one. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: ReasonCode;
  /** What is wrong, and where it helps, how to mend it. One or two sentences. */
  readonly message: string;
  /** File as the user named it, or a module's name. */
  readonly file: string | null;
  /** 1-based. */
  readonly line: number | null;
  /** Path inside the resource, e.g. `spec.ingress.dialects[0]`. */
  readonly path: string | null;
}

/** `file:line: path: message`, the form that editors and CI link. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line].filter((part) => part !== null).join(':');
  return [place, problem.path, problem.message].filter((part) => part !== null && part !== '').join(': ');
}
