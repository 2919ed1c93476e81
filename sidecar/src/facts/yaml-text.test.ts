import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isMap, parseDocument } from 'yaml';
import { yamlAsJson as asJson, yamlBudget } from './yaml-text.ts';

const yamlAsJson = (text: string) => asJson(text, yamlBudget());

/** What PyYAML 6's `yaml.dump(document, sort_keys=False)` writes, as langchain-cohere calls it. */
const DUMPED: readonly (readonly [string, unknown])[] = [
  [
    'id: T-1\nteam: billing\ntext: Refund for a plan\n',
    { id: 'T-1', team: 'billing', text: 'Refund for a plan' },
  ],
  [
    "text: 'It''s: a ''quote'' # and more, long words long words long words long words\n  long words '\npages: 3\nprice: 9.5\nopen: true\ngone: null\n",
    {
      text: "It's: a 'quote' # and more, long words long words long words long words long words ",
      pages: 3,
      price: 9.5,
      open: true,
      gone: null,
    },
  ],
  [
    'tags:\n- a\n- b\nowner:\n  name: Ann\n  team: x\nnote: "two\\nlines\\n\\nand \\u201Cmore\\u201D"\n',
    { tags: ['a', 'b'], owner: { name: 'Ann', team: 'x' }, note: 'two\nlines\n\nand “more”' },
  ],
  [
    "big: 9007199254740993\n'yes': 'yes'\ndate: '2026-01-01'\n",
    { big: '9007199254740993', yes: 'yes', date: '2026-01-01' },
  ],
];

test.each(DUMPED)('%j is a document', (text, document) => {
  expect(JSON.parse(yamlAsJson(text) ?? 'null')).toEqual(document);
});

test.each([
  ['prose', 'Refunds are paid: see the policy'],
  ['a URL', 'https://example.com/a'],
  ['a list', '- a\n- b'],
  ['nothing', ''],
  ['a repeated key', 'team: a\nteam: b\n'],
  ['a repeated key deep inside', 'team: a\nowner:\n- {name: x, name: y}\n'],
  ['a key twice in two spellings', 'team: a\n1: x\n"1": y\n'],
  ['an alias', 'team: &a x\nother: *a\n'],
  ['a tag', 'team: !!python/object:os.system x\n'],
  ['no mapping after all', 'team: a\nand then prose\n  : : :\n'],
  ['two documents', 'team: a\n---\nteam: b\n'],
  ['nesting without end', `a: ${'['.repeat(50)}${']'.repeat(50)}`],
  ['a text that is too long', `team: ${'x'.repeat(70_000)}`],
])('%s is no document', (_, text) => {
  expect(yamlAsJson(text)).toBeUndefined();
});

test('what is parsed of one body is bounded, and prose behind a heading is not counted', () => {
  const budget = yamlBudget();
  const mapping = `team: billing\ntext: ${'word '.repeat(8_000)}\n`;
  const prose = `Title: refunds\n${'A line of prose, with no key in it.\n'.repeat(1_000)}`;
  for (let count = 0; count < 100; count++) expect(asJson(prose, budget)).toBeUndefined();
  for (let count = 0; count < 13; count++) expect(asJson(mapping, budget)).toBeDefined();
  expect(() => asJson(mapping, budget)).toThrow(expect.objectContaining({ code: 'BODY_TOO_COMPLEX' }));
});

test('a value in quotes may go on without indentation, so such a text goes to the parser', () => {
  const budget = yamlBudget();
  asJson('team: "a\nb"\nnote: x\n', budget);
  expect(budget.left).toBeLessThan(yamlBudget().left);
});

test('what is taken for prose without the parser is no mapping to the parser either', () => {
  const lines = [
    'key: value',
    'other: "open',
    'ends"',
    "it: 'a",
    "b'",
    '  more',
    '- item',
    'prose',
    'a b, c',
    '',
    '|',
    'x:y',
    'z:',
    '# c',
    'list: [a,',
    'b]',
    'text: |',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...lines), { maxLength: 6 }), (rest) => {
      const text = ['first: word', ...rest].join('\n');
      const budget = yamlBudget();
      const { left } = budget;
      asJson(text, budget);
      if (budget.left < left) return;
      const { errors, contents } = parseDocument(text, { uniqueKeys: false, logLevel: 'error' });
      expect(errors.length > 0 || !isMap(contents)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
