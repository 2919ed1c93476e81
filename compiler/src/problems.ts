import type { Problem } from '@rankguard/contract';
import type { Location } from './ast.ts';
import { explainMissingBuiltin } from './capabilities.ts';
import { type FactsPath, shapeAt, showPath, suggestFact } from './facts-shape.ts';
import type { PolicySource } from './policy-source.ts';

/** Where a file that the compiler wrote came from: its own plain name, and what the author calls it. */
export type FileNames = ReadonlyMap<string, string>;

/** Collects problems, each once, at the author's own file and line. */
export interface Problems {
  add(severity: Problem['severity'], location: Location | undefined, message: string): void;
  addPlain(code: Problem['code'], message: string): void;
  readonly all: readonly Problem[];
  hasErrors(): boolean;
  /** True when an error stands at this line already. */
  hasErrorAt(location: Location | undefined): boolean;
}

export function createProblems(source: PolicySource, names: FileNames): Problems {
  const found = new Map<string, Problem>();

  function put(problem: Problem): void {
    const key = JSON.stringify(problem);
    if (!found.has(key)) found.set(key, problem);
  }
  function place(location: Location | undefined): { file: string | null; line: number | null } {
    if (!location) return { file: null, line: null };
    return source.locate(names.get(location.file) ?? location.file, Math.max(1, location.row));
  }

  return {
    add: (severity, location, message) =>
      put({ severity, code: 'POLICY_INVALID', message, ...place(location), path: null }),
    addPlain: (code, message) =>
      put({ severity: 'error', code, message, file: null, line: null, path: source.name }),
    get all() {
      return [...found.values()].toSorted(byPlace);
    },
    hasErrors: () => [...found.values()].some(({ severity }) => severity === 'error'),
    hasErrorAt(location) {
      const { file, line } = place(location);
      return [...found.values()].some(
        (one) => one.severity === 'error' && one.file === file && one.line === line,
      );
    },
  };
}

function byPlace(a: Problem, b: Problem): number {
  return (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0);
}

/** One error as OPA prints it with `--format json`. */
interface OpaError {
  readonly message?: string;
  readonly code?: string;
  readonly location?: Location;
  readonly details?: {
    readonly ref?: readonly { readonly type: string; readonly value: unknown }[];
    readonly pos?: number;
    readonly oneOf?: readonly unknown[];
    readonly have?: { readonly type?: string };
  };
}

/** The errors in what OPA printed; null when it is not OPA's list of errors. */
export function readOpaErrors(...outputs: readonly string[]): readonly OpaError[] | null {
  for (const output of outputs) {
    try {
      const parsed: unknown = JSON.parse(output);
      const errors = (parsed as { errors?: unknown } | null)?.errors;
      if (Array.isArray(errors)) return errors as OpaError[];
    } catch {
      // Not this stream, then.
    }
  }
  return null;
}

export function addOpaErrors(
  problems: Problems,
  errors: readonly OpaError[],
  known: ReadonlySet<string>,
): void {
  for (const error of errors) problems.add('error', error.location, explain(error, known));
}

function explain(error: OpaError, known: ReadonlySet<string>): string {
  const message = error.message ?? 'OPA refused the policy without saying why';
  const missing = /^undefined function (\S+)$/.exec(message)?.[1];
  if (missing !== undefined) return explainMissingBuiltin(missing, known) ?? message;
  if (error.code === 'rego_type_error' && error.details?.ref)
    return explainUndefinedRef(message, error.details);
  if (message === 'match error') return 'these two can never be equal: their types differ';
  return message;
}

function explainUndefinedRef(message: string, details: NonNullable<OpaError['details']>): string {
  const { ref = [], pos = 0, oneOf, have } = details;
  const wrong = ref[pos];
  const shown = message.replace(/^undefined ref: /, '').replace(/__local\d+__/g, '_');
  if (ref[0]?.value === 'input' && wrong?.type === 'string') {
    const parent = ref.slice(1, pos).map(({ type, value }) => (type === 'string' ? String(value) : '*'));
    return explainUnknownFact(parent, String(wrong.value));
  }
  if (oneOf) return `${shown}: there is no such member; it has ${oneOf.map(String).join(', ')}`;
  return have?.type ? `${shown}: a ${have.type} has no members` : `${shown} is never defined`;
}

/** `input.documents` → what it has instead, and what was probably meant. */
export function explainUnknownFact(parent: FactsPath, member: string): string {
  const shape = shapeAt(parent);
  const suggestion = suggestFact(parent, member);
  const meant = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  const wrong = showPath([...parent, member]);
  if (shape?.kind !== 'object') return `${wrong} is not a fact${meant}`;
  const members = Object.keys(shape.members).join(', ');
  return `${wrong} is not a fact${meant}${meant === '' ? '; ' : ' '}${showPath(parent)} has ${members}`;
}

/** `opa build` prints its errors as text. */
export function readBuildErrors(text: string, problems: Problems): void {
  const lines = text.matchAll(/^(?:.*occurred: )?(\w+\.rego):(\d+): (?:rego_\w+: )?(.+)$/gm);
  let found = false;
  for (const [, file = '', row, message = ''] of lines) {
    found = true;
    problems.add('error', { file, row: Number(row), col: 1 }, message);
  }
  if (!found)
    problems.addPlain('POLICY_INVALID', text.trim().slice(0, 1000) || 'opa build failed without a message');
}
