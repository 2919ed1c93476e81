import { describe, expect, test } from '@jest/globals';
import { codeOf, ENTITIES, type FieldRule, type ResolvedMasking, type Strategy } from '@rankguard/contract';
import { createJsonReader, splice } from '../json/index.ts';
import type { JsonDocument } from '../json/types.ts';
import { createKernel } from '../kernel/index.ts';
import { createMasker, type Masker, type Places } from './index.ts';

const kernel = createKernel();
const reader = createJsonReader({ kernel });
const NOWHERE: Places = { queries: [], documents: [], results: [] };
const TOKEN_KEY = Buffer.alloc(32, 7);

function masking(fields: readonly Partial<FieldRule>[], detect: Strategy | null = 'redact'): ResolvedMasking {
  return {
    order: 'score-then-mask',
    fields: fields.map((rule) => ({ names: [], paths: [], facts: [], with: 'redact', ...rule })),
    detectors: detect === null ? [] : [{ entities: ENTITIES, with: detect }],
    tokenKey: null,
  };
}

function maskerOf(
  fields: readonly Partial<FieldRule>[],
  detect: Strategy | null = 'redact',
  tokenKey: Uint8Array | null = TOKEN_KEY,
): Masker {
  return createMasker({
    kernel,
    createReader: () => createJsonReader({ kernel: createKernel() }),
    masking: masking(fields, detect),
    tokenKey,
  });
}

function read(text: string): JsonDocument {
  const result = reader.read(Buffer.from(text));
  if (!result.ok) throw new Error(result.message);
  return result.document;
}

function mask(
  masker: Masker,
  text: string,
  places: (document: JsonDocument) => Places = () => NOWHERE,
  obligations: readonly { path: string; with: Strategy }[] = [],
) {
  const document = read(text);
  const obliged = obligations.map((obligation) => ({ ...obligation, policy: 'shop/test' }));
  const { edits, counts } = masker.json(document, places(document), obliged);
  return { text: splice(Buffer.from(text), edits).toString(), counts };
}

/** Places of a body like Cohere's: `query`, `documents`, and `results` with their `document`. */
function places(document: JsonDocument): Places {
  const list = (name: string) => {
    const array = document.get(0, name);
    return array === -1 ? [] : [...document.elements(array)];
  };
  const query = document.get(0, 'query');
  return {
    queries: query === -1 ? [] : [query],
    documents: list('documents').map((token, index) => ({ index, token })),
    results: list('results').map((token) => ({
      index: document.number(document.get(token, 'index')),
      token: document.get(token, 'document'),
    })),
  };
}

describe('detectors in JSON', () => {
  const masker = maskerOf([]);

  test.each([
    [
      'strings, and nothing around them',
      '{ "a" :\t"to joe@example.com!" }',
      '{ "a" :\t"to <EMAIL_ADDRESS>!" }',
    ],
    ['member names', '{"joe@example.com":1}', '{"<EMAIL_ADDRESS>":1}'],
    [
      'member names that become equal stay distinct',
      '{"a@b.cc":1,"<EMAIL_ADDRESS>":2,"x@b.cc":{"x@b.cc":3},"x@b.cc y":4}',
      '{"<EMAIL_ADDRESS>_2":1,"<EMAIL_ADDRESS>":2,"<EMAIL_ADDRESS>_3":{"<EMAIL_ADDRESS>":3},"<EMAIL_ADDRESS> y":4}',
    ],
    [
      'numbers that are cards',
      '[4111111111111111, 41111111111111110]',
      '["<CREDIT_CARD>", 41111111111111110]',
    ],
    ['numbers with a fraction of zeros', '[4111111111111111.0]', '["<CREDIT_CARD>"]'],
    [
      'no numbers with a fraction',
      '[4111111111111111.5,0.4111111111111111]',
      '[4111111111111111.5,0.4111111111111111]',
    ],
    ['nine digits under a name that says SSN', '{"employeeSSN":219456780}', '{"employeeSSN":"<US_SSN>"}'],
    [
      'nine digits as a string',
      '{"social_security_no":["219456780"]}',
      '{"social_security_no":["<US_SSN>"]}',
    ],
    ['no nine digits under another name', '{"businessNumber":219456780}', '{"businessNumber":219456780}'],
    ['no SSN that was never issued', '{"ssn":900456780}', '{"ssn":900456780}'],
    ['escapes whole', '["\\u006Aoe\\u0040example.com\\n"]', '["<EMAIL_ADDRESS>\\n"]'],
    [
      'an address behind a line break',
      '["x\\njoe@example.com\\t4111 1111\\n1111 1111"]',
      '["x\\n<EMAIL_ADDRESS>\\t<CREDIT_CARD>"]',
    ],
    ['an address behind a backslash', '["c:\\\\joe@example.com"]', '["c:\\\\<EMAIL_ADDRESS>"]'],
    ['surrogate pairs', '["\\ud835\\udfd3\\ud835\\udfcf4-69-0360"]', '["<US_SSN>"]'],
    ['an escape of an escape', '["joe\\\\u0040example.com"]', '["<EMAIL_ADDRESS>"]'],
    ['a root string', '"joe@example.com"', '"<EMAIL_ADDRESS>"'],
    ['a root number', '4111111111111111', '"<CREDIT_CARD>"'],
  ])('masks %s', (_, text, masked) => {
    expect(mask(masker, text).text).toBe(masked);
  });

  test.each([
    ['an object', { note: 'joe@example.com', n: 1 }, '{\\"note\\":\\"<EMAIL_ADDRESS>\\",\\"n\\":1}'],
    ['an array', ['joe@example.com', 4111111111111111], '[\\"<EMAIL_ADDRESS>\\",\\"<CREDIT_CARD>\\"]'],
    ['a string', 'joe@example.com', '\\"<EMAIL_ADDRESS>\\"'],
  ])('opens %s in a string', (_, value, inner) => {
    expect(mask(masker, JSON.stringify([JSON.stringify(value)])).text).toBe(`["${inner}"]`);
  });

  test('opens JSON in strings three deep, and reads what is deeper as text', () => {
    const wrap = (depth: number, inner: unknown): string =>
      JSON.stringify(depth === 0 ? inner : [wrap(depth - 1, inner)]);
    const ruled = maskerOf([{ names: ['pin'] }]);
    const left = [1, 2, 3, 4].map((depth) =>
      mask(ruled, wrap(depth, { pin: 'hidden' })).text.includes('hidden'),
    );
    expect(left).toEqual([false, false, false, true]);
    expect(mask(masker, wrap(6, 'joe@example.com')).text).not.toContain('joe');
  });

  test('an opened string keeps the escapes of what is not masked', () => {
    const text = '["{\\u0022a\\u0022:\\"\\u0041\\/ \\\\u0062 joe\\\\u0040example.com\\"}"]';
    expect(mask(masker, text).text).toBe('["{\\u0022a\\u0022:\\"\\u0041\\/ \\\\u0062 <EMAIL_ADDRESS>\\"}"]');
  });

  test('JSON in a string that two readers could read differently is masked whole', () => {
    const inner = '{"ssn":1,"ssn":2}';
    const result = mask(masker, JSON.stringify({ a: inner }));
    expect(JSON.parse(result.text)).toEqual({ a: '<REDACTED>' });
    expect(result.counts).toEqual({ FIELD: 1 });
  });

  test.each(['{not json} joe@example.com', '[INFO] joe@example.com', '"quoted" joe@example.com'])(
    'a string that only begins like JSON is text: %s',
    (text) => {
      const expected = text.replace('joe@example.com', '<EMAIL_ADDRESS>');
      expect(JSON.parse(mask(masker, JSON.stringify([text])).text)).toEqual([expected]);
    },
  );

  test('a value that a detector nulls or removes whole', () => {
    const text = '{"a":"joe@example.com","b":4111111111111111,"c":"to joe@example.com"}';
    expect(mask(maskerOf([], 'null'), text).text).toBe('{"a":null,"b":null,"c":"to "}');
    expect(mask(maskerOf([], 'remove'), text).text).toBe('{"a":"","b":"","c":"to "}');
  });

  test('without findings there are no edits, and values are counted by entity', () => {
    expect(masker.json(read('{"a":["plain",1,null,true]}'), NOWHERE, [])).toEqual({ edits: [], counts: {} });
    expect(mask(masker, '{"a@b.cc":["a@b.cc","219-45-6780"]}').counts).toEqual({
      EMAIL_ADDRESS: 2,
      US_SSN: 1,
    });
  });

  test('the document stays valid', () => {
    const document = read(
      JSON.stringify({ a: 'joe@example.com', b: ['{"c":"joe@example.com"}', 'x'.repeat(300_000)] }),
    );
    masker.json(document, NOWHERE, []);
    expect(document.string(document.get(0, 'a'))).toBe('joe@example.com');
  });
});

describe('fields by name', () => {
  test.each([
    ['ssn', 'S_S-N', true],
    ['Social Security', 'socialSecurity', true],
    ['*_token', 'accessToken', true],
    ['pass*', 'PASSWORD', true],
    ['*key*id', 'api.key_id', true],
    ['ssn', 'ssns', false],
    ['*_token', 'tokens', false],
    ['a*b', 'b', false],
    ['ab*b', 'ab', false],
  ])('the rule %j and the member %j: %s', (rule, name, masked) => {
    const result = mask(maskerOf([{ names: [rule] }], null), JSON.stringify({ [name]: 'x', other: 'y' }));
    expect(JSON.parse(result.text)).toEqual({ [name]: masked ? '<REDACTED>' : 'x', other: 'y' });
  });

  test('a name is matched decoded, at any depth, in strings too', () => {
    const masker = maskerOf([{ names: ['pin'] }], null);
    const text = '{"a":[{"\\u0070in":1}],"b":"{\\"pin\\":[2]}","pin":{"pin":3}}';
    const result = mask(masker, text);
    expect(result.text).toBe(
      '{"a":[{"\\u0070in":"<REDACTED>"}],"b":"{\\"pin\\":\\"<REDACTED>\\"}","pin":"<REDACTED>"}',
    );
    expect(result.counts).toEqual({ FIELD: 3 });
  });

  test.each<readonly [Strategy, string, string]>([
    ['redact', '{"p":"long enough","q":1}', '{"p":"<REDACTED>","q":1}'],
    ['redact', '{"p":{"x":[1]},"q":1}', '{"p":"<REDACTED>","q":1}'],
    ['redact', '{"p":null}', '{"p":null}'],
    ['redact', '{"p":false}', '{"p":"<REDACTED>"}'],
    ['partial', '{"p":"ab\\u0022\\u00e9defgh\\"i"}', '{"p":"****gh\\"i"}'],
    ['partial', '{"p":"12345678"}', '{"p":"<REDACTED>"}'],
    ['partial', '{"p":123456789}', '{"p":"****6789"}'],
    ['partial', '{"p":["123456789"]}', '{"p":"<REDACTED>"}'],
    ['null', '{"p":"x"}', '{"p":null}'],
    ['remove', '{"p":1}', '{}'],
    ['remove', '{ "p" : 1 , "q" : 2 }', '{ "q" : 2 }'],
    ['remove', '{ "q" : 2 , "p" : 1 }', '{ "q" : 2 }'],
    ['remove', '{"q":2,"p":1,"P":3,"r":4}', '{"q":2,"r":4}'],
    ['remove', '{"p":1,"P":3}', '{}'],
    ['remove', '{"p":null,"q":2}', '{"q":2}'],
  ])('%s: %s', (strategy, text, masked) => {
    expect(mask(maskerOf([{ names: ['p'], with: strategy }], null), text).text).toBe(masked);
  });

  test('token: equal values have equal tokens, in fields and in texts', () => {
    const masker = maskerOf([{ names: ['p'], with: 'token' }], 'token');
    const text = '[{"p":"joe@example.com"},{"p":"x"},{"p":" x"},{"p":1},"see JOE@example.com"]';
    const [email, x, spaced, number, prose] = JSON.parse(mask(masker, text).text);
    expect(email.p).toMatch(/^tok_email_address_[a-z2-7]{16}$/);
    expect(prose).toBe(`see ${email.p}`);
    expect(x.p).toMatch(/^tok_field_[a-z2-7]{16}$/);
    expect(spaced).toEqual(x);
    expect(number.p).not.toBe(x.p);
  });

  test('where rules overlap the strictest wins', () => {
    const order: readonly Strategy[] = ['partial', 'token', 'redact', 'null', 'remove'];
    const text = '{"name":"something long"}';
    for (const [weak, weaker] of order.entries()) {
      for (const stronger of order.slice(weak)) {
        const alone = mask(maskerOf([{ names: ['name'], with: stronger }], null), text).text;
        const both = [
          { names: ['n*'], with: weaker },
          { names: ['name'], paths: ['$.name'], with: stronger },
        ];
        expect(mask(maskerOf(both, null), text).text).toBe(alone);
        expect(mask(maskerOf(both.toReversed(), null), text).text).toBe(alone);
      }
    }
  });

  test('a field rule keeps no more of a value than the detector would', () => {
    const masker = maskerOf([{ names: ['card'], with: 'partial' }]);
    expect(mask(masker, '{"card":"4111111111111111","c":4111111111111111}').text).toBe(
      '{"card":"<REDACTED>","c":"<CREDIT_CARD>"}',
    );
    expect(mask(masker, '{"card":"no card at all"}').text).toBe('{"card":"**** all"}');
  });

  test('names are remembered, and forgetting them changes nothing', () => {
    const masker = maskerOf([{ names: ['n7*'] }], null);
    const members = Object.fromEntries(Array.from({ length: 5000 }, (_, place) => [`n${place}`, 'x']));
    const expected = Object.fromEntries(
      Object.keys(members).map((name) => [name, name.startsWith('n7') ? '<REDACTED>' : 'x']),
    );
    for (let round = 0; round < 2; round++) {
      expect(JSON.parse(mask(masker, JSON.stringify(members)).text)).toEqual(expected);
    }
  });
});

describe('fields by JSONPath', () => {
  const BODY = '{"a":{"b":[1,{"c":"x"},[2]],"c":"y"},"c d":[{"c":"z"}],"c":"w"}';
  const R = '"<REDACTED>"';

  test.each([
    ['$.a.c', BODY.replace('"y"', R)],
    ["$['a']['c']", BODY.replace('"y"', R)],
    ['$["c d"][0].c', BODY.replace('"z"', R)],
    ['$.a.b[0]', BODY.replace('[1,', `[${R},`)],
    ['$.a.b[*]', BODY.replace('[1,{"c":"x"},[2]]', `[${R},${R},${R}]`)],
    ['$.a.*', BODY.replace('[1,{"c":"x"},[2]]', R).replace('"y"', R)],
    ['$..c', BODY.replace(/"[wxyz]"/g, R)],
    ['$.a..c', BODY.replace(/"[xy]"/g, R)],
    ['$..a..c', BODY.replace(/"[xy]"/g, R)],
    ['$..*', `{"a":${R},"c d":${R},"c":${R}}`],
    ['$..b..*', BODY.replace('[1,{"c":"x"},[2]]', `[${R},${R},${R}]`)],
    ['$', R],
    ['$.nothing[3].here', BODY],
    ['$.a.b[9]', BODY],
    ['$.a[0]', BODY],
  ])('%s', (path, masked) => {
    expect(mask(maskerOf([{ paths: [path] }], null), BODY).text).toBe(masked);
  });

  test('removes elements with their comma', () => {
    const masker = maskerOf([{ paths: ['$[0]', '$[2]', '$[3]'], with: 'remove' }], null);
    expect(mask(masker, '[ 1 , "2" , [3] , {"a":4} , 5 ]').text).toBe('[ "2" , 5 ]');
    expect(mask(masker, '[1]').text).toBe('[]');
  });

  test.each(['a.b', '$.a[?@.b]', '$[1:2]', '$[-1]', "$['a','b']", '$.', '$..', '$[', '$.a b', '$..[0]'])(
    'refuses %s',
    (path) => {
      expect(thrown(() => maskerOf([{ paths: [path] }]))).toBe('CONFIG_UNSUPPORTED');
    },
  );
});

function thrown(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

describe('fields by facts path', () => {
  const REQUEST = JSON.stringify({
    query: 'who is it',
    documents: [
      'plain text',
      { id: 1, text: 'a text', email: 'ann', deep: { x: [1, 2] } },
      '{"email":"bob","text":"t"}',
      { title: 'one', email: 'cid', n: 5 },
    ],
  });

  test.each([
    ['query', ['who is it']],
    ['request.query', ['who is it']],
    ['documents[*].fields.email', ['ann', 'bob', 'cid']],
    ['input.request.documents[*].fields.email', ['ann', 'bob', 'cid']],
    ['documents[1].fields.email', ['ann']],
    ['documents[2].fields.email', ['bob']],
    ['documents[0].fields.email', []],
    ['documents[*].fields.deep.x[1]', [2]],
    ["documents[*].fields['deep'].*", [[1, 2]]],
    ['documents[*].id', [1]],
    ['documents[1].text', ['a text']],
    ['documents[3].text', ['one', 'cid']],
    ['documents[0].text', ['plain text']],
    ['documents[2]', ['{"email":"bob","text":"t"}']],
    ['documents[9].text', []],
  ])('%s', (path, values) => {
    const expected = values.reduce<string>(replaceValue, REQUEST);
    const rule = mask(maskerOf([{ facts: [path] }], null), REQUEST, places);
    expect(JSON.parse(rule.text)).toEqual(JSON.parse(expected));
    const obliged = mask(maskerOf([], null), REQUEST, places, [{ path, with: 'redact' }]);
    expect(obliged.text).toBe(rule.text);
    expect(obliged.counts).toEqual(values.length === 0 ? {} : { POLICY: values.length });
  });

  function replaceValue(text: string, value: unknown): string {
    const inner = JSON.stringify(value);
    const outer = text.includes(inner) ? inner : inner.replaceAll('"', '\\"');
    return text.replace(outer, outer.startsWith('\\') ? '\\"<REDACTED>\\"' : '"<REDACTED>"');
  }

  test('a rule for documents masks what results echo of them, by the caller’s index', () => {
    const response =
      '{"results":[{"index":1,"document":{"email":"ann"}},{"index":0,"document":"{\\"email\\":\\"bob\\"}"},{"index":2,"document":null}]}';
    const masked = (path: string) =>
      JSON.parse(mask(maskerOf([{ facts: [path] }], null), response, places).text);
    const all = masked('documents[*].fields.email');
    expect(all.results[0].document).toEqual({ email: '<REDACTED>' });
    expect(all.results[1].document).toBe('{"email":"<REDACTED>"}');
    expect(masked('response.results[*].fields.email')).toEqual(all);
    expect(masked('documents[1].fields.email').results[1].document).toBe('{"email":"bob"}');
    expect(masked('documents[1].fields.email').results[0].document).toEqual({ email: '<REDACTED>' });
  });

  test('a rule for results does not mask documents', () => {
    expect(mask(maskerOf([{ facts: ['results[*].fields.email'] }], null), REQUEST, places).text).toBe(
      REQUEST,
    );
  });

  test('what the API needs is emptied, not removed', () => {
    const remove = maskerOf(
      [{ facts: ['query', 'documents[0]', 'documents[*].text'], with: 'remove' }],
      null,
    );
    const result = JSON.parse(mask(remove, REQUEST, places).text);
    expect(result.query).toBe('');
    expect(result.documents).toHaveLength(4);
    expect(result.documents[0]).toBe('');
    expect(result.documents[1].text).toBe('');
    const member = maskerOf([{ facts: ['documents[*].fields.email'], with: 'remove' }], null);
    expect(JSON.parse(mask(member, REQUEST, places).text).documents[2]).toBe('{"text":"t"}');
  });

  const WRONG = [
    '',
    'model',
    'documents',
    'documents[*',
    'documents[*].nothing',
    'query.x',
    'documents[*]..email',
    'documents[-1]',
    'results[*].score',
    'documents[*].text.x',
    'query[0]',
    'documents.fields.email',
    'documents[*].fields.',
  ];

  test.each(WRONG)('refuses %j, in a profile and from a policy', (path) => {
    expect(thrown(() => maskerOf([{ facts: [path] }]))).toBe('CONFIG_UNSUPPORTED');
    expect(thrown(() => mask(maskerOf([]), REQUEST, places, [{ path, with: 'redact' }]))).toBe(
      'POLICY_FAULT',
    );
  });
});

describe('what a profile or policy may not ask', () => {
  test('surrogates, and tokens without a key', () => {
    expect(thrown(() => maskerOf([{ names: ['a'], with: 'surrogate' }], 'redact', null))).toBe(
      'CONFIG_INVALID',
    );
    expect(thrown(() => maskerOf([], 'surrogate', null))).toBe('CONFIG_INVALID');
    expect(thrown(() => maskerOf([{ names: ['a'], with: 'token' }], 'redact', null))).toBe('CONFIG_INVALID');
    const obliged = (strategy: Strategy, key: Uint8Array | null) =>
      thrown(() => mask(maskerOf([], null, key), '{}', places, [{ path: 'query', with: strategy }]));
    expect(obliged('surrogate', null)).toBe('POLICY_FAULT');
    expect(obliged('token', null)).toBe('POLICY_FAULT');
    expect(obliged('token', TOKEN_KEY)).toBeUndefined();
  });
});
