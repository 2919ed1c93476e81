import {
  branches,
  type Location,
  type Module,
  type ParsedModule,
  packageName,
  type Rule,
  variable,
} from '../ast.ts';
import { checkItem } from './items.ts';
import { reportUnknownOutputs } from './unknown.ts';
import { ALLOW, ITEMS, type ItemRule, LATER, type Report, ROOT } from './well-known.ts';

export type { ItemRule } from './well-known.ts';
export { ALLOW, ITEMS } from './well-known.ts';

export interface PolicyRules {
  /** The package that contributes, e.g. `rankguard.example`. */
  readonly package: string;
  /** The well-known rules that it defines, in a fixed order. */
  readonly defined: readonly ('allow' | ItemRule)[];
  /** Reason codes that its items can carry, sorted. */
  readonly codes: readonly string[];
  /** Attributes that its rank verbs group by, sorted. */
  readonly rankBy: readonly string[];
  /** Whether rank verbs may bring up results beyond the caller's top_n. */
  readonly mixesResults: boolean;
}

/** Finds the contributing package and checks what it says; null when there is none, or several. */
export function readRules(modules: readonly ParsedModule[], report: Report): PolicyRules | null {
  const contributing = contributingPackage(modules, report);
  if (contributing === null) return null;
  const own = modules.filter(({ ast }) => packageName(ast) === contributing);
  const rules = own.flatMap(({ ast }) => (ast.rules ?? []).map((rule) => ({ rule, name: nameOf(rule) })));
  const codes = new Set<string>();
  const rankBy = new Set<string>();
  let mixesResults = false;
  for (const { rule, name } of rules) {
    if (name === ALLOW) checkAllow(rule, report);
    else if (isItemRule(name)) {
      if (checkSet(rule, name, report)) {
        const constants = checkItem(rule, name, report);
        for (const code of constants.codes) codes.add(code);
        for (const by of constants.rankBy) rankBy.add(by);
        mixesResults ||= constants.mixes;
      }
    } else if (LATER.includes(name)) {
      report('error', rule.location, `${name} is not available in this version`);
    }
  }
  reportUnknownOutputs(
    own.map(({ ast }) => ast),
    report,
  );
  const names = new Set(rules.map(({ name }) => name));
  const known = [ALLOW, ...Object.keys(ITEMS)] as ('allow' | ItemRule)[];
  const defined = known.filter((name) => names.has(name));
  if (defined.length === 0) {
    const where = own[0]?.ast.package.path[0]?.location;
    report(
      'error',
      where,
      `package ${contributing} defines none of ${known.join(', ')}; it would do nothing`,
    );
  }
  return {
    package: contributing,
    defined,
    codes: [...codes].toSorted(),
    rankBy: [...rankBy].toSorted(),
    mixesResults,
  };
}

function contributingPackage(modules: readonly ParsedModule[], report: Report): string | null {
  const found = new Map<string, Location | undefined>();
  for (const { ast } of modules) {
    const name = packageName(ast);
    const location = ast.package.path[1]?.location ?? ast.package.path[0]?.location;
    const complaint = packageComplaint(name, ast);
    if (complaint) report('error', location, complaint);
    else if (!isLibrary(name)) found.set(name, location);
  }
  const [first, second] = [...found.keys()];
  if (first === undefined) {
    const location = modules[0]?.ast.package.path[1]?.location;
    report('error', location, `no package contributes: name it ${ROOT}.<name>, e.g. package ${ROOT}.example`);
    return null;
  }
  if (second !== undefined) {
    const which = [...found.keys()].join(', ');
    report(
      'error',
      found.get(second),
      `one policy is one package, but there are ${which}; put helpers below ${ROOT}.lib, or make two policies`,
    );
    return null;
  }
  return first;
}

function packageComplaint(name: string, module: Module): string | null {
  if (module.package.path.some((term) => /[^A-Za-z0-9_]/.test(String(term.value)))) {
    return `package ${name}: use letters, digits and _ only`;
  }
  if (name === ROOT || !name.startsWith(`${ROOT}.`)) {
    return `package ${name} is outside ${ROOT}: name it ${ROOT}.${name.split('.').at(-1) ?? 'example'}`;
  }
  if (name === `${ROOT}.main` || name.startsWith(`${ROOT}.main.`)) return `package ${ROOT}.main is reserved`;
  return null;
}

function isLibrary(name: string): boolean {
  return name === `${ROOT}.lib` || name.startsWith(`${ROOT}.lib.`);
}

function nameOf(rule: Rule): string {
  return variable(rule.head.ref[0]) ?? rule.head.name ?? '';
}

function isItemRule(name: string): name is ItemRule {
  return Object.hasOwn(ITEMS, name);
}

function checkAllow(rule: Rule, report: Report): void {
  const { args, key, ref } = rule.head;
  if (args || key || ref.length > 1) {
    report('error', rule.location, 'allow is true or false: write `allow if { … }`');
    return;
  }
  for (const { head, location } of branches(rule)) {
    const { value } = head;
    if (value && CONSTANTS.includes(value.type) && value.type !== 'boolean') {
      report('error', location ?? rule.location, `allow is true or false, not a ${value.type}`);
    }
  }
}
const CONSTANTS = ['boolean', 'string', 'number', 'null', 'object', 'array', 'set'];

function checkSet(rule: Rule, name: ItemRule, report: Report): boolean {
  const { args, key, ref } = rule.head;
  if (key && !args && ref.length === 1) return true;
  const members = [...ITEMS[name].required].map((member) => `"${member}": …`).join(', ');
  report('error', rule.location, `${name} is a set: write \`${name} contains {${members}} if { … }\``);
  return false;
}
