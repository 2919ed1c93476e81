import { describe, expect, test } from '@jest/globals';
import { ENTITIES, type ResolvedMasking } from '@rankguard/contract';
import { createJsonReader, splice } from '../json/index.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker, createMaskers, type Masker, type MaskNote, patternProblem } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const createReader = () => createJsonReader({ kernel: createKernel() });
const KEY = Buffer.from('0123456789abcdef');

function maskerOf(
  masking: Partial<ResolvedMasking>,
  note?: (note: MaskNote) => void,
  key: Uint8Array = KEY,
): Masker {
  const all: ResolvedMasking = {
    order: 'score-then-mask',
    fields: [],
    detectors: [],
    tokenKey: null,
    ...masking,
  };
  return createMasker({ kernel, createReader, masking: all, tokenKey: key, ...(note && { note }) });
}

function json(masker: Masker, text: string): string {
  const bytes = Buffer.from(text);
  const read = reader.read(bytes);
  if (!read.ok) throw new Error(read.message);
  return splice(
    bytes,
    masker.json(read.document, { queries: [], documents: [], results: [] }, []).edits,
  ).toString();
}

const values = (names: string[]) => ({ names, paths: [], facts: [], with: 'redact' as const, values: true });

describe('a rule for the values of a field', () => {
  const masker = maskerOf({ fields: [values(['ssn', 'phones', 'address', '*password'])] });

  test.each([
    ['a string', '{"ssn": "1"}', '{"ssn": "<REDACTED>"}'],
    ['a number', '{"SSN": 219456780.0}', '{"SSN": "<REDACTED>"}'],
    ['each of a list', '{"phones": ["1", 2, null]}', '{"phones": ["<REDACTED>", "<REDACTED>", null]}'],
    [
      'all in an object',
      '{"address": {"a": {"b": "x"}, "c": true}}',
      '{"address": {"a": {"b": "<REDACTED>"}, "c": true}}',
    ],
    ['behind a container', '{"address": {}, "b": "x"}', '{"address": {}, "b": "x"}'],
    [
      'a name in a form or a flat document',
      '{"user[ssn]": "1", "a.ssn": "2"}',
      '{"user[ssn]": "<REDACTED>", "a.ssn": "<REDACTED>"}',
    ],
    [
      'a full-width name',
      '{"ｕｓｅｒ＿ｐａｓｓｗｏｒｄ": "x"}',
      '{"ｕｓｅｒ＿ｐａｓｓｗｏｒｄ": "<REDACTED>"}',
    ],
    [
      'no boolean, nor nothing',
      '{"password": true, "ssn": "", "phones": null}',
      '{"password": true, "ssn": "", "phones": null}',
    ],
    [
      'no declaration',
      '{"password": {"type": "string", "description": "yours"}}',
      '{"password": {"type": "string", "description": "yours"}}',
    ],
  ])('masks %s', (_, input, output) => {
    expect(json(masker, input)).toBe(output);
  });
});

describe('patterns', () => {
  const masker = maskerOf({ patterns: [{ name: 'patient-id', pattern: 'PT-\\d{8}', with: 'redact' }] });

  test.each([
    ['in text', '["see PT-12345678."]', '["see <PATIENT_ID>."]'],
    ['in escapes', '["\\u0050T-1234567\\u0038 \\n"]', '["<PATIENT_ID> \\n"]'],
    ['in look-alikes', '["é ＰＴ-１２３４５６７８"]', '["é <PATIENT_ID>"]'],
    ['in names', '{"PT-12345678": 1, "PT-12345679": 2}', '{"<PATIENT_ID>": 1, "<PATIENT_ID>_2": 2}'],
    ['not elsewhere', '["PT-1234567"]', '["PT-1234567"]'],
  ])('are found %s', (_, input, output) => {
    expect(json(masker, input)).toBe(output);
  });

  test.each([['(?=a)'], ['a*'], ['('], ['(\\w{1,1000}){1,1000}']])(
    'that could cost or match anything are refused: %s',
    (pattern) => {
      expect(patternProblem(pattern)).not.toBeNull();
    },
  );

  test('that need time in other engines take none', () => {
    const evil = maskerOf({ patterns: [{ name: 'evil', pattern: '(a+)+b', with: 'redact' }] });
    expect(evil.string('a'.repeat(5_000))).toBe('a'.repeat(5_000));
  });
});

describe('strategies', () => {
  const all = (strategy: 'token' | 'surrogate' | 'partial', more = {}) =>
    maskerOf({ detectors: [{ entities: ENTITIES, with: strategy, ...more }] });

  test("surrogates have the form of the value, are nobody's, and are the same for the same value", () => {
    const masker = all('surrogate');
    expect(masker.string('219-45-6780')).toMatch(/^9\d\d-[0-4]\d-\d{4}$/);
    expect(masker.string('4111 1111 1111 1111')).toMatch(/^99\d\d \d{4} \d{4} \d{4}$/);
    expect(masker.string('jane@corp.example')).toMatch(/^user\d{10}@example\.com$/);
    expect(masker.string('Jane@corp.example')).toBe(masker.string('jane@corp.example'));
    expect(masker.string('219456781 ssn')).not.toBe(masker.string('219456780 ssn'));
  });

  test('tokens of one key differ by domain', () => {
    const rules = { detectors: [{ entities: ENTITIES, with: 'token' as const }] };
    const [one, other] = ['a', 'b'].map((tokenDomain) =>
      maskerOf({ ...rules, tokenDomain }).string('jane@corp.example'),
    );
    expect(one).toMatch(/^tok_email_address_[a-z2-7]{16}$/);
    expect(other).not.toBe(one);
  });

  test('partial keeps as many as it is told, and none when that were half', () => {
    expect(all('partial', { keepLast: 2 }).string('219-45-6780')).toBe('****80');
    expect(all('partial', { keepLast: 6 }).string('219-45-6780')).toBe('<US_SSN>');
    expect(all('partial', { keepLast: 0 }).string('219-45-6780')).toBe('****');
  });
});

test('allowed values stay, however they are written; denied ones go', () => {
  const masker = maskerOf({
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    allow: ['support@example.com', '4111111111111111'],
    deny: [{ value: 'Project Bluebird', entity: 'SECRET' }],
  });
  const kept = 'Support@example.com, 4111 1111-1111 1111, ｓｕｐｐｏｒｔ@example.com';
  expect(masker.string(kept)).toBe(kept);
  expect(masker.string('a@example.com on project bluebird, Project Blueberry')).toBe(
    '<EMAIL_ADDRESS> on <SECRET>, Project Blueberry',
  );
});

test('a denied value goes though no rule asks for its kind', () => {
  const masker = maskerOf({ deny: [{ value: 'Bluebird', entity: 'SECRET' }] });
  expect(masker.string('on Bluebird at jane@corp.example')).toBe('on <SECRET> at jane@corp.example');
});

test('rules hold for a direction and for groups', () => {
  const masking: ResolvedMasking = {
    order: 'score-then-mask',
    fields: [],
    detectors: [
      { entities: ['US_SSN'], with: 'redact', exceptGroups: ['auditors'] },
      { entities: ['EMAIL_ADDRESS'], with: 'redact', direction: 'request' },
      { entities: ['CREDIT_CARD'], with: 'redact', groups: ['guests'] },
    ],
    tokenKey: null,
  };
  const maskers = createMaskers(masking, (rules) => maskerOf(rules));
  const text = '219-45-6780 jane@corp.example 4111111111111111';
  const seen = (direction: 'request' | 'response', ...groups: string[]) =>
    maskers({ direction, groups }).string(text);
  expect(seen('response')).toBe('<US_SSN> jane@corp.example 4111111111111111');
  expect(seen('response', 'auditors')).toBe(text);
  expect(seen('request', 'auditors', 'guests')).toBe('219-45-6780 <EMAIL_ADDRESS> <CREDIT_CARD>');
});

test('what is explained says what, where and why, and no value', () => {
  const notes: MaskNote[] = [];
  const masker = maskerOf(
    { fields: [values(['ssn'])], detectors: [{ entities: ENTITIES, with: 'redact' }] },
    (note) => notes.push(note),
  );
  json(masker, '{"a": [{"b c": "x jane@corp.example"}, {"jane@corp.example": {"ssn": 1}}]}');
  expect(notes.map(({ label, path, strategy }) => [label, path, strategy])).toEqual([
    ['EMAIL_ADDRESS', "$.a[0]['b c']", 'redact'],
    ['EMAIL_ADDRESS', "$.a[1]['…']", 'redact'],
    ['FIELD', "$.a[1]['…'].ssn", 'redact'],
  ]);
});
