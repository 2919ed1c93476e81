import type { Projection } from '@rankguard/contract';
import { type Module, type ParsedModule, type Rule, type Term, variable } from '../ast.ts';
import type { FactsPath } from '../facts-shape.ts';
import type { Names } from '../names.ts';
import { createAliases } from './aliases.ts';
import { placesOf, type Site, type UnknownFact } from './places.ts';
import { createTree } from './tree.ts';
import { visitModule } from './visit.ts';

export type { UnknownFact } from './places.ts';

export interface Reach {
  readonly projection: Projection;
  /** Members that no fact has, as far as variables could be followed. */
  readonly unknown: readonly UnknownFact[];
  /** The facts that a reference may stand for; none when it is no fact or cannot be followed. */
  placesOf(module: Module, rule: Rule, term: Term): readonly FactsPath[];
}

/**
 * Which parts of `input` the rules of these modules can reach.
 *
 * Sound before small: evaluating on the projected facts gives what evaluating on all of them gives. A variable
 * stands for every place that any scope of its rule could bind it to; a value that is used in a way not followed
 * here (compared, returned, handed to a builtin, indexed by a variable) is taken whole.
 */
export function reachableFacts(modules: readonly ParsedModule[], names: Names): Reach {
  const tree = createTree();
  const aliases = createAliases();
  const unknown = new Map<string, UnknownFact>();
  const siteOf = (module: Module, rule: Rule | null): Site => ({
    tree,
    names,
    aliases,
    unknown,
    module,
    rule,
  });

  if (definesFollowedName(modules)) tree.whole([]);
  // Variables gain places until nothing new is learnt; what was marked on the way stays right.
  for (let known = -1; known !== aliases.size(); ) {
    known = aliases.size();
    for (const { ast } of modules) visitModule(siteOf(ast, null));
  }
  return {
    projection: tree.read(),
    unknown: [...unknown.values()],
    placesOf: (module, rule, term) => placesOf(siteOf(module, rule), term),
  };
}

/** A rule of the policy's own under a name that is given a meaning here would be followed wrongly. */
function definesFollowedName(modules: readonly ParsedModule[]): boolean {
  const followed = ['assign', 'count', 'object', 'internal'];
  return modules.some(({ ast }) =>
    ast.rules?.some((rule) => followed.includes(variable(rule.head.ref[0]) ?? rule.head.name ?? '')),
  );
}
