import { expect, test } from '@jest/globals';
import type { Strategy } from '@rankguard/contract';
import { parse } from 'yaml';
import { createJsonReader, splice } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker } from './index.ts';

const kernel = createKernel();
const masker = createMasker({
  kernel,
  createReader: () => createJsonReader({ kernel: createKernel() }),
  masking: {
    order: 'mask-then-score',
    fields: [],
    detectors: [{ entities: ['EMAIL_ADDRESS'], with: 'redact' }],
    tokenKey: null,
  },
  tokenKey: null,
});
const reader = createJsonReader({ kernel });

/** The text that a candidate becomes when a policy masks a path of it. */
function masked(text: string, path: string, strategy: Strategy = 'redact'): string {
  const body = Buffer.from(JSON.stringify(['before é "quoted"', text]));
  const read = reader.read(body);
  if (!read.ok) throw new Error(read.message);
  const [, token] = [...read.document.elements(0)];
  const places = { queries: [], documents: [{ index: 0, token: token! }], results: [] };
  const obligation = { path: `documents[*].${path}`, with: strategy, policy: 'shop/p' };
  const { edits } = masker.json(read.document, places, [obligation]);
  const [before, after] = JSON.parse(splice(body, edits).toString()) as string[];
  expect(before).toBe('before é "quoted"');
  return after!;
}

const HIDDEN = '<REDACTED>';
const DUMPED = `id: T-1
note: "two\\nlines é"
long: 'It''s a long text of several words, which the writer broke
  into two lines'
tags:
- a
- b
owner:
  name: Ann
  pages: 3
body: |
  first
  second
last: 'x'
`;

test.each([
  ['fields.id', { id: HIDDEN }],
  ['id', { id: HIDDEN }],
  ['fields.note', { note: HIDDEN }],
  ['fields.long', { long: HIDDEN }],
  ['fields.tags', { tags: HIDDEN }],
  ['fields.tags[*]', { tags: [HIDDEN, HIDDEN] }],
  ['fields.tags[1]', { tags: ['a', HIDDEN] }],
  ['fields.owner', { owner: HIDDEN }],
  ['fields.owner.name', { owner: { name: HIDDEN, pages: 3 } }],
  ['fields.owner.pages', { owner: { name: 'Ann', pages: HIDDEN } }],
  ['fields.body', { body: HIDDEN }],
  ['fields.last', { last: HIDDEN }],
  ['fields.nobody', {}],
])('%s of a YAML document is masked, and nothing else changes', (path, changed) => {
  expect(parse(masked(DUMPED, path))).toEqual({ ...parse(DUMPED), ...changed });
});

test('every value of a YAML document', () => {
  const values = Object.keys(parse(DUMPED)).map((name) => [name, HIDDEN]);
  expect(parse(masked(DUMPED, 'fields.*'))).toEqual(Object.fromEntries(values));
});

test('the bytes of other lines stay', () => {
  expect(masked(DUMPED, 'fields.note')).toBe(DUMPED.replace('"two\\nlines é"', '"<REDACTED>"'));
});

test('a value that is to go is null, and part of one stays only where no detector finds anything in it', () => {
  expect(parse(masked('a: x1\nb: y\n', 'fields.a', 'remove'))).toEqual({ a: null, b: 'y' });
  expect(parse(masked('a: customer-4711\nb: y\n', 'fields.a', 'partial')).a).toMatch(/^\*+.*4711$/);
  expect(parse(masked('a: ann@example.org\nb: y\n', 'fields.a', 'partial')).a).toBe(HIDDEN);
});

test('what detectors find beside it is masked as well', () => {
  expect(parse(masked('a: x\nb: write to ann@example.org\n', 'fields.a'))).toEqual({
    a: HIDDEN,
    b: 'write to <EMAIL_ADDRESS>',
  });
});

test('prose is no YAML', () => {
  expect(masked('Refunds are paid: see the policy', 'fields.Refunds')).toBe(
    'Refunds are paid: see the policy',
  );
});
