import { formatProblem, type Problem } from '@rankguard/contract';

/** Problems as a person reads them: a line each. */
export function problemLines(problems: readonly Problem[]): string {
  return problems
    .map((problem) => `${problem.severity}: ${formatProblem(problem)} [${problem.code}]\n`)
    .join('');
}
