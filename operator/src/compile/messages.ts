import type { Problem } from '@rankguard/contract';
import type { StatusMessage } from '@rankguard/contract/resources';

/** How many messages a status shows: an author mends the first ones first. */
export const MOST_MESSAGES = 32;
const MOST_TEXT = 1000;

/** Problems as a status holds them: errors first, bounded in number and length. */
export function messagesOf(problems: readonly Problem[]): StatusMessage[] {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  return [...errors, ...warnings].slice(0, MOST_MESSAGES).map((problem) => ({
    severity: problem.severity,
    code: problem.code,
    message: problem.message.slice(0, MOST_TEXT),
    ...(problem.file && { file: problem.file.slice(0, 512) }),
    ...(problem.line && { line: problem.line }),
    ...(problem.path && { path: problem.path.slice(0, 1024) }),
  }));
}
