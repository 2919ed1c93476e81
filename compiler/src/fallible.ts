import {
  callOf,
  type Expression,
  isTerm,
  type ParsedModule,
  partsOf,
  type Rule,
  type Term,
  variable,
  walk,
} from './ast.ts';
import { shapeAt } from './facts-shape.ts';
import type { Definition, Names } from './names.ts';
import type { Reach } from './projection/index.ts';
import { ITEMS, type Report } from './rules/well-known.ts';

type Types = ReadonlySet<string>;

interface Check {
  readonly names: Names;
  readonly reach: Reach;
  readonly definition: Definition;
}

/**
 * Builtins that are undefined, and so silence the rule that asks them, where their argument is not what they take.
 * Builtins that the host supplies are absent: when those fail, the call is refused. Each gives its hazard, or null.
 */
const FALLIBLE: Readonly<Record<string, (args: readonly Term[], check: Check) => string | null>> = {
  to_number: ([text], check) => unless(text, check, ['number', 'integer', 'boolean', 'null'], 'a number'),
  div: ([, divisor]) => zeroHazard(divisor),
  rem: ([, divisor]) => zeroHazard(divisor),
  'regex.match': ([pattern, text], check) => patternHazard(pattern) ?? textHazard(text, check),
  'regex.find_all_string_submatch_n': ([pattern, text], check) =>
    patternHazard(pattern) ?? textHazard(text, check),
  'json.unmarshal': ([text]) => `${show(text)} may not be JSON`,
  'base64.decode': ([text]) => `${show(text)} may not be base64`,
  'base64url.decode': ([text]) => `${show(text)} may not be base64url`,
  'net.cidr_contains': (args) => constantHazard(args, 'an address'),
  'net.cidr_intersects': (args) => constantHazard(args, 'an address'),
};
/** Asking one of these of the same value first shows that the author has thought of it. */
const GUARDS = ['is_string', 'is_number', 'json.is_valid', 'base64.is_valid', 'regex.is_valid', 'neq'];

/** Warns where a rule that constrains a call could fall silent because a builtin in it fails. */
export function warnOfSilence(
  modules: readonly ParsedModule[],
  names: Names,
  reach: Reach,
  report: Report,
): void {
  const queue: Definition[] = [];
  const seen = new Set<Rule>();
  for (const { ast } of modules) {
    for (const item of Object.keys(ITEMS)) {
      const resolved = names.resolve(ast, item);
      if (resolved !== undefined) queue.push(...names.definitions(resolved));
    }
  }
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (seen.has(next.rule)) continue;
    seen.add(next.rule);
    checkRule({ names, reach, definition: next }, report);
    queue.push(...reachedFrom(next, names));
  }
}

/** Every rule that the body or head of this one names. */
function reachedFrom({ module, rule }: Definition, names: Names): Definition[] {
  const reached = new Set<string>();
  // Not the head's own name: it stands for all the rule's definitions.
  const { key, value, args } = rule.head;
  walk([key, value, args, rule.head.ref.slice(1), rule.body], (node) => {
    if (!isTerm(node) || (node.type !== 'ref' && node.type !== 'var')) return true;
    const parts = node.type === 'ref' ? partsOf(node) : [node];
    for (let length = 1; length <= parts.length; length += 1) {
      const written = parts.slice(0, length).map((part) => String(part.value));
      const resolved = names.resolve(module, written.join('.'));
      if (resolved !== undefined) reached.add(resolved);
    }
    return true;
  });
  return [...reached].flatMap(names.definitions);
}

function checkRule(check: Check, report: Report): void {
  const { rule } = check.definition;
  const guarded = new Set(rule.body.flatMap(guardedTerms));
  const visit = (node: object): boolean => {
    // Where the rule asks that something is not so, a failing builtin makes it speak, not fall silent.
    if ('negated' in node && node.negated === true) return false;
    const call = callIn(node);
    const hazard = call?.name !== undefined && Object.hasOwn(FALLIBLE, call.name) && FALLIBLE[call.name];
    if (!hazard || call.args.some((arg) => guarded.has(bare(arg)) && arg.type !== 'string')) return true;
    const why = hazard(call.args, check);
    if (why !== null) {
      const location = call.location ?? rule.location;
      report(
        'warning',
        location,
        `${why}: ${shownName(call.name)} is then undefined and the rule silent; test it first`,
      );
    }
    return true;
  };
  walk([rule.head.key, rule.head.value, rule.body], visit);
}

function callIn(node: object) {
  if (isTerm(node)) return node.type === 'call' ? callOf(partsOf(node), node.location) : undefined;
  const { terms, location } = node as Partial<Expression>;
  return Array.isArray(terms) ? callOf(terms as Term[], location) : undefined;
}

/** Operators are calls of builtins with names that nobody writes. */
function shownName(name: string | undefined): string {
  return name === 'div' ? 'the division' : name === 'rem' ? 'the remainder' : `${name}`;
}

function guardedTerms(expression: Expression): string[] {
  const call = callIn(expression);
  return call?.name !== undefined && GUARDS.includes(call.name) ? call.args.map(bare) : [];
}

/** A term's text without its place, to compare two. */
function bare(term: Term): string {
  return JSON.stringify(term, (key, value: unknown) => (key === 'location' ? undefined : value));
}

function zeroHazard(divisor: Term | undefined): string | null {
  return divisor?.type === 'number' && divisor.value !== 0 ? null : `${show(divisor)} may be 0`;
}

function constantHazard(args: readonly Term[], what: string): string | null {
  const open = args.find((arg) => arg.type !== 'string');
  return open ? `${show(open)} may not be ${what}` : null;
}

function patternHazard(pattern: Term | undefined): string | null {
  return pattern?.type === 'string' ? null : `the pattern ${show(pattern)} may not be a valid one`;
}

/** No text, no match: null is no hazard. */
function textHazard(text: Term | undefined, check: Check): string | null {
  return unless(text, check, ['string', 'null'], 'text');
}

function unless(term: Term | undefined, check: Check, safe: readonly string[], what: string): string | null {
  const types = term && typesOf(term, check);
  return types && [...types].every((type) => safe.includes(type)) ? null : `${show(term)} may not be ${what}`;
}

const TEXT_RESULTS = ['lower', 'upper', 'sprintf', 'concat', 'trim', 'trim_space', 'replace', 'substring'];

/** The types that a term can have, or undefined when nobody knows. */
function typesOf(term: Term, check: Check): Types | undefined {
  if (['string', 'number', 'boolean', 'null'].includes(term.type)) return new Set([term.type]);
  if (term.type === 'templatestring') return new Set(['string']);
  if (term.type === 'call') {
    const name = callOf(partsOf(term), undefined)?.name;
    return name !== undefined && TEXT_RESULTS.includes(name) ? new Set(['string']) : undefined;
  }
  const { module, rule } = check.definition;
  const shapes = check.reach.placesOf(module, rule, term).map(shapeAt);
  if (shapes.length > 0) {
    const known = shapes.every((shape) => shape?.kind === 'scalar');
    return known
      ? new Set(shapes.flatMap((shape) => (shape?.kind === 'scalar' ? shape.types : [])))
      : undefined;
  }
  const bound = rule.body.flatMap((expression) => assignedTo(expression, variable(term)));
  return bound.length === 1 && bound[0] ? typesOf(bound[0], check) : undefined;
}

function assignedTo(expression: Expression, name: string | undefined): Term[] {
  const call = callIn(expression);
  const [left, right] = call?.args ?? [];
  const binds = call?.name === 'assign' && name !== undefined && variable(left) === name;
  return binds && right && variable(right) !== name ? [right] : [];
}

/** As it was written, near enough to find it. */
function show(term: Term | undefined): string {
  if (term?.type === 'var') return String(term.value).startsWith('$') ? '_' : String(term.value);
  if (term?.type === 'ref') {
    const [head, ...operands] = partsOf(term);
    return operands.reduce(
      (shown, part) =>
        part.type === 'string' ? `${shown}.${String(part.value)}` : `${shown}[${show(part)}]`,
      show(head),
    );
  }
  return term && typeof term.value !== 'object' ? String(term.value) : 'the argument';
}
