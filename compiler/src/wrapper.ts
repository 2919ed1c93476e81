import type { PolicyRules } from './rules/index.ts';

/**
 * The module that the compiler adds, which the host asks for its ENTRYPOINT: one object with exactly the well-known rules that the policy defines.
 * `allow` is always there when defined: undefined is false.
 */
export function wrapperModule(rules: PolicyRules): string {
  const lines = ['package rankguard.main', ''];
  for (const name of rules.defined) {
    lines.push(`result.${name} := data.${rules.package}.${name}`);
    if (name === 'allow') lines.push(`result.allow := false if not data.${rules.package}.allow`);
  }
  return `${lines.join('\n')}\n`;
}
