import { STRATEGIES } from '@rankguard/contract';
import { callOf, type Expression, isTerm, type Rule, type Term, variable } from '../ast.ts';
import { ITEMS, type ItemRule, type Report } from './well-known.ts';

/** The form of a reason code: it becomes a label of metrics and records. */
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Checks the item that a rule adds to its set, and returns the constant reason code that it carries. */
export function checkItem(rule: Rule, name: ItemRule, report: Report): string[] {
  const { key } = rule.head;
  if (!key) return [];
  const item = literalOf(rule, key);
  const shape = ITEMS[name];
  const wanted = shape.required.map((member) => `"${member}"`).join(' and ');
  if (item === null) {
    if (key.type !== 'var' && key.type !== 'ref' && key.type !== 'call') {
      report('error', rule.location, `an item of ${name} is an object with ${wanted}, not a ${key.type}`);
    } else if (name === 'deny') {
      const hint = `write the object in the rule, so that its code can be read: \`${name} contains {…} if …\``;
      report('error', rule.location, `${name}: the reason code must be a constant; ${hint}`);
    }
    return [];
  }
  checkMembers(rule, name, item, report);
  if (name === 'mask') checkStrategy(rule, item.get('with'), report);
  if (name === 'deny') return checkCode(rule, item.get('code'), report);
  if (name === 'drop') return constantText(rule, item.get('reason'));
  return [];
}

function checkMembers(rule: Rule, name: ItemRule, item: ReadonlyMap<string, Term>, report: Report): void {
  const required: readonly string[] = ITEMS[name].required;
  const allowed = [...required, ...ITEMS[name].optional];
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
