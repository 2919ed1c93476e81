import { isTerm, type Module, partsOf, type Rule, walk } from '../ast.ts';
import { editDistance } from '../facts-shape.ts';
import { ALLOW, ITEMS, LATER, type Report } from './well-known.ts';

const KNOWN = [ALLOW, ...Object.keys(ITEMS), ...LATER];

/**
 * Reports rules that look like an output and are none: nothing asks for them, and no other rule uses them. A name
 * near a known one (`denials contains`) is an error, a set of objects under another name a warning.
 */
export function reportUnknownOutputs(modules: readonly Module[], report: Report): void {
  const rules = modules.flatMap((module) => module.rules ?? []);
  const used = new Set(rules.flatMap(namesIn));
  for (const rule of rules) {
    const name = nameOf(rule);
    if (KNOWN.includes(name) || used.has(name) || rule.head.args) continue;
    const outputs = KNOWN.filter((known) => !LATER.includes(known)).join(', ');
    const meant = meantBy(name);
    if (meant !== undefined) {
      const severity = rule.head.key === undefined ? 'warning' : 'error';
      const hint = `did you mean ${meant}?`;
      report(severity, rule.location, `${name} is no output of a policy, and no rule uses it; ${hint}`);
    } else if (rule.head.key?.type === 'object') {
      report(
        'warning',
        rule.location,
        `${name} is no output of a policy, and no rule uses it; outputs are ${outputs}`,
      );
    }
  }
}

/** A slip of the pen (`alow`), or a known word with another ending: `denials`, `dropped`, `masked`. */
function meantBy(name: string): string | undefined {
  const near = (known: string) => editDistance(name.toLowerCase(), known) <= (known.length > 4 ? 2 : 1);
  const begins = (known: string) => name.startsWith(known.slice(0, 3)) && name.length <= known.length + 3;
  return KNOWN.find((known) => near(known) || begins(known));
}

function nameOf(rule: Rule): string {
  return String(rule.head.ref[0]?.value ?? rule.head.name ?? '');
}

/** Every name that a rule's body or value speaks of, its own head left out. */
function namesIn(rule: Rule): string[] {
  const names: string[] = [];
  const { key, value, args, ref } = rule.head;
  walk([key, value, args, ref.slice(1), rule.body, rule.else], (node) => {
    if (!isTerm(node)) return true;
    if (node.type === 'var') names.push(String(node.value));
    if (node.type === 'ref') names.push(...partsOf(node).map((part) => String(part.value)));
    return true;
  });
  return names;
}
