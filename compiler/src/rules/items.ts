import { GROUP_PATH, MIXING_VERBS, RANK_MEMBERS, RANK_VERBS, STRATEGIES } from '@rankguard/contract';
import { parseFactsPath } from '@rankguard/sidecar/masking';
import { callOf, type Expression, isTerm, type Rule, type Term, variable } from '../ast.ts';
import { ITEMS, type ItemRule, type Report } from './well-known.ts';

/** The form of a reason code: it becomes a label of metrics and records. */
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** What the compiler learns from an item: the constant reason code that it carries, the attribute that it groups by. */
export interface ItemConstants {
  readonly codes: readonly string[];
  readonly rankBy: readonly string[];
  /** Whether it is a rank verb that can bring up other results. */
  readonly mixes: boolean;
}
const NOTHING: ItemConstants = { codes: [], rankBy: [], mixes: false };

/** Checks the item that a rule adds to its set. */
export function checkItem(rule: Rule, name: ItemRule, report: Report): ItemConstants {
  const { key } = rule.head;
  if (!key) return NOTHING;
  const item = literalOf(rule, key);
  const shape = ITEMS[name];
  const wanted = shape.required.map((member) => `"${member}"`).join(' and ');
  if (item === null) {
    if (key.type !== 'var' && key.type !== 'ref' && key.type !== 'call') {
      report('error', rule.location, `an item of ${name} is an object with ${wanted}, not a ${key.type}`);
    } else if (name === 'deny' || name === 'rank') {
      const what = name === 'deny' ? 'the reason code' : 'the verb';
      const hint = `write the object in the rule, so that it can be read: \`${name} contains {…} if …\``;
      report('error', rule.location, `${name}: ${what} must be a constant; ${hint}`);
    }
    return NOTHING;
  }
  if (name === 'rank') return checkRank(rule, item, report);
  checkMembers(rule, name, ITEMS[name], item, report);
  if (name === 'mask') {
    checkStrategy(rule, item.get('with'), report);
    checkMaskPath(rule, item.get('path'), report);
  }
  if (name === 'deny') return { ...NOTHING, codes: checkCode(rule, item.get('code'), report) };
  return { ...NOTHING, codes: name === 'drop' ? constantText(rule, item.get('reason')) : [] };
}

/** Returns the attribute that the verb groups by: it must be read of each candidate, so it must be known beforehand. */
function checkRank(rule: Rule, item: ReadonlyMap<string, Term>, report: Report): ItemConstants {
  const [text] = constantText(rule, item.get('verb'));
  const verb = RANK_VERBS.find((known) => known === text);
  if (verb === undefined) {
    const what = text === undefined ? 'must be a constant,' : `"${text}" is not`;
    report('error', rule.location, `rank.verb ${what} one of ${RANK_VERBS.join(', ')}`);
    return NOTHING;
  }
  const { required, optional } = RANK_MEMBERS[verb];
  checkMembers(rule, `rank ${verb}`, { required: ['verb', ...required], optional }, item, report);
  if (verb === 'diversify' && item.has('max') === item.has('max_share')) {
    report('error', rule.location, 'a rank diversify has either "max" or "max_share"');
  }
  const mixes = MIXING_VERBS.includes(verb);
  if (!item.has('by')) return { ...NOTHING, mixes };
  const [by] = constantText(rule, item.get('by'));
  if (by === undefined) {
    report('error', rule.location, 'rank.by must be a constant, so that it can be read of each candidate');
    return NOTHING;
  }
  if (GROUP_PATH.test(by)) return { codes: [], rankBy: [by], mixes };
  report(
    'error',
    rule.location,
    `rank.by "${by}" is neither id nor a path below fields, like fields.publisher`,
  );
  return NOTHING;
}

function checkMembers(
  rule: Rule,
  name: string,
  { required, optional }: { readonly required: readonly string[]; readonly optional: readonly string[] },
  item: ReadonlyMap<string, Term>,
  report: Report,
): void {
  const allowed = [...required, ...optional];
  for (const member of required.filter((one) => !item.has(one))) {
    report('error', rule.location, `this item of ${name} lacks "${member}"`);
  }
  for (const member of [...item.keys()].filter((one) => !allowed.includes(one))) {
    report('error', rule.location, `an item of ${name} has no "${member}"; it has ${allowed.join(', ')}`);
  }
}

function checkCode(rule: Rule, code: Term | undefined, report: Report): string[] {
  if (!code) return [];
  const [text] = constantText(rule, code);
  if (text === undefined) {
    report('error', rule.location, 'deny.code must be a constant, so that the reasons are known beforehand');
    return [];
  }
  if (CODE.test(text)) return [text];
  report('error', rule.location, `deny.code "${text}" must be capitals, digits and _, at most 64 long`);
  return [];
}

function constantText(rule: Rule, term: Term | undefined): string[] {
  const constant = term?.type === 'var' ? boundTo(rule, term) : term;
  return constant?.type === 'string' ? [String(constant.value)] : [];
}

function checkStrategy(rule: Rule, strategy: Term | undefined, report: Report): void {
  if (strategy?.type !== 'string') return;
  const known: readonly string[] = STRATEGIES;
  if (known.includes(String(strategy.value))) return;
  report('error', rule.location, `mask.with "${String(strategy.value)}" is not one of ${known.join(', ')}`);
}

/** A path that names nothing would refuse every call that the rule is about. */
function checkMaskPath(rule: Rule, path: Term | undefined, report: Report): void {
  const [text] = constantText(rule, path);
  if (text === undefined) return;
  try {
    parseFactsPath(text, 'POLICY_FAULT');
  } catch (error) {
    const places =
      'query, documents[*], documents[*].text, documents[*].fields.<name>, results[*].fields.<name>';
    report('error', rule.location, `mask.path: ${(error as Error).message}; it can be ${places}`);
  }
}

/** The members of an object literal, written in the head or bound to the head's variable in the body. */
function literalOf(rule: Rule, key: Term): ReadonlyMap<string, Term> | null {
  const term = key.type === 'var' ? boundTo(rule, key) : key;
  if (term?.type !== 'object') return null;
  const members = new Map<string, Term>();
  for (const [name, value] of term.value as [Term, Term][]) {
    if (name.type !== 'string') return null;
    members.set(String(name.value), value);
  }
  return members;
}

/** What the only `:=` of a variable in the body of a rule gives it. */
function boundTo(rule: Rule, name: Term): Term | undefined {
  const values = rule.body.flatMap((expression) => assigned(expression, variable(name)));
  return values.length === 1 ? values[0] : undefined;
}

function assigned({ terms, negated }: Expression, name: string | undefined): Term[] {
  if (negated || isTerm(terms) || !Array.isArray(terms)) return [];
  const call = callOf(terms as Term[], undefined);
  const [left, right] = call?.args ?? [];
  return call?.name === 'assign' && right && variable(left) === name ? [right] : [];
}
