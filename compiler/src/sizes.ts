import type { Problem } from '@rankguard/contract';
import type { PolicySource } from './policy-source.ts';
import { createProblems } from './problems.ts';

const SOURCE_BYTES = 256 * 1024;
const DATA_BYTES = 10 * 1024 * 1024;

/** What is wrong before OPA is asked: nothing to compile, too much of it, data in the place of rules. */
export function checkSizes(source: PolicySource): readonly Problem[] {
  const problems = createProblems(source, new Map());
  const texts = Object.values(source.modules);
  if (texts.length === 0) problems.addPlain('POLICY_INVALID', 'the policy has no Rego module');
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > SOURCE_BYTES) {
    problems.addPlain('POLICY_INVALID', `the modules have ${bytes} bytes; a policy may have ${SOURCE_BYTES}`);
  }
  const data = Buffer.byteLength(JSON.stringify(source.data));
  if (data > DATA_BYTES) {
    problems.addPlain(
      'POLICY_INVALID',
      `the data have ${data} bytes as JSON; a policy may have ${DATA_BYTES}`,
    );
  }
  if (Object.hasOwn(source.data, 'rankguard')) {
    problems.addPlain(
      'POLICY_INVALID',
      'data.rankguard is where the rules are; name the data something else',
    );
  }
  return problems.all;
}
