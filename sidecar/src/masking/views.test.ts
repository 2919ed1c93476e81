import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import fc from 'fast-check';
import { createJsonReader, splice } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const masker = createMasker({
  kernel,
  createReader: () => createJsonReader({ kernel: createKernel() }),
  masking: {
    order: 'score-then-mask',
    fields: [{ names: ['password'], paths: [], facts: [], with: 'redact', values: true }],
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    tokenKey: null,
  },
  tokenKey: null,
});

function json(value: unknown): unknown {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const read = reader.read(bytes);
  if (!read.ok) throw new Error(read.message);
  const { edits } = masker.json(read.document, { queries: [], documents: [], results: [] }, []);
  return JSON.parse(splice(bytes, edits).toString());
}

describe('a value that formatting splits', () => {
  test.each([
    ['tags', 'card <em>4111</em> <em>1111</em> <b class="x">1111</b> 1111.', 'card <em><CREDIT_CARD>.'],
    ['Markdown', 'card **4111** **1111** **1111** **1111** ok', 'card **<CREDIT_CARD>** ok'],
    ['a tag in an address', 'jane<wbr>.doe@<b>corp</b>.example, hi', '<EMAIL_ADDRESS>, hi'],
    ['an escaped tag', '"jane\\u003cb\\u003e.doe\\u003c/b\\u003e@corp.example"', '<EMAIL_ADDRESS>'],
  ])('by %s is masked', (_, text, masked) => {
    expect(json(text.startsWith('"') ? text : JSON.stringify(text))).toBe(masked);
  });

  test.each([
    'a < b and c > d 12345678',
    '2 * 3 ** 4 = 162',
    '`code` and __init__ of 3.12',
    '<p>Hello <b>world</b></p> 2024',
  ])('is not seen in %j', (text) => {
    expect(json([text])).toEqual([text]);
    expect(masker.find(text)).toEqual([]);
  });
});

describe('a value that neighbours split', () => {
  test.each([
    [
      'results',
      { results: [{ document: { text: 'card 4111 1111' } }, { document: { text: '1111 1111 ok' } }] },
      { results: [{ document: { text: 'card <CREDIT_CARD>' } }, { document: { text: '<CREDIT_CARD> ok' } }] },
    ],
    ['strings', ['mail jane.doe@', 'corp.example ok'], ['mail <EMAIL_ADDRESS>', '<EMAIL_ADDRESS> ok']],
    ['digits', [...'4111111111111111'], Array(16).fill('<CREDIT_CARD>')],
    ['groups', ['219-45-', '6780'], ['<US_SSN>', '<US_SSN>']],
    ['a group', ['219-4', '5-6780 ok'], ['<US_SSN>', '<US_SSN> ok']],
    ['a space', ['4111 1111', ' 1111 1111 ok'], ['<CREDIT_CARD>', '<CREDIT_CARD> ok']],
    ['a tied number', ['CPF 529.982.2', '47-25 ok'], ['CPF <BR_CPF>', '<BR_CPF> ok']],
  ])('in %s is masked', (_, value, masked) => {
    expect(json(value)).toEqual(masked);
  });

  test.each([
    [['41111111', '11111111']],
    [['see jane', '@corp']],
    [[{ id: '10293847' }, { id: '56473829' }]],
    [['1', '2', '3', '4']],
    [['', 'a1', '', '2b']],
  ])('is not seen in %j', (value) => {
    expect(json(value)).toEqual(value);
  });

  test('costs no more than the text is long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.stringMatching(/^[0-9@. -]{0,8}$/), fc.string()), { maxLength: 50 }),
        (texts) => {
          expect(json(texts.map((text) => ({ text })))).toHaveLength(texts.length);
        },
      ),
    );
  });
});

test('what is said of a name holds for the value beside it', () => {
  expect(
    json({
      fields: [
        { name: 'password', value: 'x' },
        { value: ['y'], key: 'Pass_Word' },
        { name: 'n', value: 'z' },
      ],
    }),
  ).toEqual({
    fields: [
      { name: 'password', value: '<REDACTED>' },
      { value: ['<REDACTED>'], key: 'Pass_Word' },
      { name: 'n', value: 'z' },
    ],
  });
});

test('what repeats a text piece by piece goes when the text is masked', () => {
  const choice = (content: string) => ({
    message: { content },
    logprobs: { content: [{ token: content.slice(0, 4) }] },
  });
  expect(json({ choices: [choice('jane@corp.example'), choice('hello')] })).toEqual({
    choices: [{ message: { content: '<EMAIL_ADDRESS>' }, logprobs: null }, choice('hello')],
  });
});

test('an element of XML is a field', () => {
  expect(
    masker.string('<u><password>x</password><a:passWord id="1"> y </a:passWord><name>z</name></u>'),
  ).toBe('<u><password><REDACTED></password><a:passWord id="1"><REDACTED></a:passWord><name>z</name></u>');
});

describe('what is told from signs', () => {
  test.each([
    ['percent twice', 'maria%2540example.org'],
    ['a reference twice', 'maria&amp;#64;example.org'],
    ['a reference', 'maria&#64;example.org'],
    ['brackets', 'maria [at] example.org'],
    ['braces', 'maria{at}example.org'],
    ['both words', 'maria(at)example (dot) org'],
    ['spaces', 'maria @ example.org'],
    ['quoted printable', 'maria=40example.org'],
    ['UTF-7', 'maria+AEA-example.org'],
    ['bytes', '6d 61 72 69 61 40 65 78 61 6d 70 6c 65 2e 6f 72 67'],
    ['a code of a language', 'maria\\x40example.org'],
    ['marks', 'maria@exa**mple.o**rg'],
  ])('%s, wherever the address stands', (_, spelled) => {
    for (let before = 0; before < 34; before++) {
      const text = `${'.'.repeat(before)} ${spelled} !`;
      expect(json([text])).toEqual([`${'.'.repeat(before)} <EMAIL_ADDRESS> !`]);
    }
  });

  test('texts do not disturb each other, however many places of one are looked at', () => {
    const folded = 'é mail ann@example.org';
    const masked = json([folded, '=1'.repeat(20_000), folded, '1:'.repeat(20_000), folded]) as string[];
    expect([masked[0], masked[2], masked[4]]).toEqual(Array(3).fill('é mail <EMAIL_ADDRESS>'));
  });
});

test('a long body is masked as its texts are one by one', () => {
  const filled = 'and so it went on for a while. '.repeat(40);
  const kinds = [
    'ann@example.org is it',
    'é card 4111 1111 1111 1111 is it',
    'ann%2540example.org is it',
    'card **4111** **1111** **1111** **1111** is it',
    'call +1 415 555 1234, DE89 3704 0044 0532 0130 00',
    'token Z21haWw6IGpvZUBleGFtcGxlLmNvbQ== is it',
    'nothing',
  ];
  const texts = Array.from({ length: 700 }, (_, at) => `${filled}${kinds[at % kinds.length]} ${filled}`);
  const alone = kinds.map((kind) => (json([`${filled}${kind} ${filled}`]) as string[])[0]);
  expect(alone.filter((text, at) => text !== texts[at])).toHaveLength(6);
  expect(json(texts)).toEqual(texts.map((_, at) => alone[at % kinds.length]));
});

test.each([
  ['my password is hunter2x.\nBye', 'my password is <SECRET>.\nBye'],
  ['Password was "hunter2x", then', 'Password was "<SECRET>", then'],
  ['é password hunter2x', 'é password <SECRET>'],
  ['the password expires in 90 days', 'the password expires in 90 days'],
  ['assword and PRIVATE KEY', 'assword and PRIVATE KEY'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- bye', '<SECRET> bye'],
  ['a -----BEGIN PRIVATE KEY-----\nMIIE', 'a <SECRET>'],
])('secrets that words announce: %j', (text, masked) => {
  expect(json([text])).toEqual([masked]);
});
