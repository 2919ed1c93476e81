import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ReadResourceOf, readResources } from './index.ts';

const HEAD =
  'apiVersion: rankguard.dev/v1alpha1\nkind: RerankPolicy\nmetadata: {name: p}\nspec:\n  modules:\n';

function readPolicy(text: string) {
  const { resources, problems } = readResources([{ file: 'p.yaml', text }]);
  expect(problems).toEqual([]);
  return (resources as [ReadResourceOf<'RerankPolicy'>])[0];
}

/** Lines as they stand in a module: the first has a mark of its own, and none starts with white space. */
const moduleLines = fc.array(
  fc.constantFrom('package a', 'allow if true', '', '# a: b', '"x": [', '\tindented', '  deep'),
  {
    minLength: 1,
    maxLength: 12,
  },
);

test.each(['\n', '\r\n'])(
  'line n of a block scalar is found again, whatever stands before (%j)',
  (newline) => {
    fc.assert(
      fc.property(
        moduleLines,
        fc.nat({ max: 5 }),
        fc.constantFrom('|', '|-', '|+', '|2', '>-'),
        (lines, blank, style) => {
          const module = ['package first', ...lines, 'end'];
          const before = '# a comment\n'.repeat(blank);
          const text = `${before}---\n${HEAD}    a.rego: "package a"\n    b.rego: ${style}\n${module.map((line) => `      ${line}`).join('\n')}\n  mode: shadow\n`;
          const file = text.replaceAll('\n', newline);
          // An explicit indentation indicator counts from the parent.
          const policy = readPolicy(style === '|2' ? file.replace('|2', '|2') : file);
          const fileLines = file.split(newline);
          const located = module.map((_, i) =>
            fileLines[policy.contentLine('spec.modules["b.rego"]', i + 1) - 1]?.trim(),
          );
          expect(located).toEqual(module.map((line) => line.trim()));
          if (style === '|') expect(policy.object.spec.modules['b.rego']).toBe(`${module.join('\n')}\n`);
          expect(fileLines[policy.line('spec.mode') - 1]).toBe('  mode: shadow');
          expect(fileLines[policy.contentLine('spec.modules["a.rego"]', 3) - 1]).toContain('"package a"');
        },
      ),
      { numRuns: 60 },
    );
  },
);

test('a header on a line of its own, with a tag and an anchor, moves the content by as much', () => {
  const policy = readPolicy(`${HEAD}    a.rego:\n\n      !!str\n      &m |\n      package a\n      x\n`);
  const file = `${HEAD}    a.rego:\n\n      !!str\n      &m |\n      package a\n      x\n`.split('\n');
  expect(file[policy.contentLine('spec.modules["a.rego"]', 2) - 1]).toBe('      x');
});

test('a place that is not written stands at its nearest parent', () => {
  const policy = readPolicy(`${HEAD}    a.rego: "package a"\n`);
  expect(policy.line('spec.modules["b.rego"]')).toBe(5);
  expect(policy.line('spec.modules["a.rego"].deeper[3]')).toBe(6);
  expect(policy.line('spec.tests["x"]')).toBe(4);
  expect(policy.line('nothing')).toBe(1);
});
