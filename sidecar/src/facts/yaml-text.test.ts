import { expect, test } from '@jest/globals';
import { yamlAsJson } from './yaml-text.ts';

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
