import { formatProblem, type Problem } from '@rankguard/contract';
import type { AdmissionPorts } from './ports.ts';
import type { AdmissionRequest, Answer } from './review.ts';

const MOST_PROBLEMS = 10;

/** Judges a resource of rankguard.dev as `rankguard policy check` would: what is wrong is said before it is stored. */
export async function validateKind(
  request: AdmissionRequest,
  { read, judge }: Pick<AdmissionPorts, 'read' | 'judge'>,
): Promise<Answer> {
  const { object, oldObject, namespace } = request;
  // Finalizers and labels of a resource that an older version took must still be removable.
  if (request.operation === 'UPDATE' && sameSpec(object, oldObject)) return { allowed: true };
  const { kind, metadata } = object as { kind: string; metadata: { name?: string } };
  const label = [kind, [namespace, metadata.name].filter(Boolean).join('/')].join(' ');
  const problems = await read(object, label);
  // Lines of a text that nobody wrote are no lines of the author's.
  const structural = problems.map((problem) => ({ ...problem, file: null, line: null }));
  const found = hasErrors(structural) ? structural : [...structural, ...(await judge(object))];
  const errors = found.filter(({ severity }) => severity === 'error');
  const warnings = found.filter(({ severity }) => severity === 'warning').map(formatProblem);
  const [first] = errors;
  if (first === undefined) return { allowed: true, ...(warnings.length > 0 && { warnings }) };
  const lines = errors.slice(0, MOST_PROBLEMS).map(formatProblem);
  const rest = errors.length - lines.length;
  const message = [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
  return { allowed: false, code: first.code, message };
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

function sameSpec(a: unknown, b: unknown): boolean {
  const spec = (value: unknown) => JSON.stringify((value as { spec?: unknown } | null)?.spec);
  return spec(a) === spec(b);
}
