import { isTerm, type ParsedModule, walk } from '../ast.ts';

/** The values that a policy speaks of: made-up calls that hold them reach more of its rules. */
export interface Constants {
  readonly strings: readonly string[];
  readonly numbers: readonly number[];
}

const MOST = 500;

/** Of the policy's modules and its data, each once. */
export function constantsOf(modules: readonly ParsedModule[], data: unknown): Constants {
  const strings = new Set<string>();
  const numbers = new Set<number>();
  const add = (value: unknown): void => {
    if (typeof value === 'string' && strings.size < MOST) strings.add(value);
    if (typeof value === 'number' && numbers.size < MOST) numbers.add(value);
  };
  for (const { ast } of modules) {
    walk(ast.rules, (node) => {
      if (isTerm(node)) add(node.value);
      return true;
    });
  }
  const visit = (value: unknown): void => {
    add(value);
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (!Array.isArray(value)) add(name);
      visit(member);
    }
  };
  visit(data);
  return { strings: [...strings], numbers: [...numbers] };
}
