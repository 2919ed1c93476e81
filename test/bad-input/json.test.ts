import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ReasonCode } from '@rankguard/contract';
import { expectNothingForwarded, expectRefusal } from '../support/expectations.ts';
import { DOCUMENTS, PERSONAL } from '../support/personal.ts';
import { type DialectName, GOOD, ROUTE, type Setup, setUp } from '../support/setup.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp();
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const GOOD_TEXT = JSON.stringify(GOOD.tei);
const QUERY = JSON.stringify(GOOD.tei.query);
const TEXTS = JSON.stringify(DOCUMENTS);
const withMember = (member: string) => `${GOOD_TEXT.slice(0, -1)},${member}}`;
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const mark = Buffer.from([0xff, 0xfe]);
const bigEndian = Buffer.from(utf16(GOOD_TEXT)).swap16();

const UNREADABLE: readonly (readonly [string, string | Buffer, ReasonCode])[] = [
  ['nothing', '', 'BODY_NOT_JSON'],
  ['white space', ' \n', 'BODY_NOT_JSON'],
  ['text', PERSONAL.EMAIL_ADDRESS, 'BODY_NOT_JSON'],
  ['a form', `query=${PERSONAL.EMAIL_ADDRESS}&texts=a`, 'BODY_NOT_JSON'],
  ['half a value', GOOD_TEXT.slice(0, -9), 'BODY_NOT_JSON'],
  ['two values', GOOD_TEXT + GOOD_TEXT, 'BODY_NOT_JSON'],
  ['two lines of JSON', `${GOOD_TEXT}\n${GOOD_TEXT}\n`, 'BODY_NOT_JSON'],
  ['a value and a NUL', `${GOOD_TEXT}\0`, 'BODY_NOT_JSON'],
  ['a trailing comma', `${GOOD_TEXT.slice(0, -1)},}`, 'BODY_NOT_JSON'],
  ['a comment', `${GOOD_TEXT.slice(0, -1)}/**/}`, 'BODY_NOT_JSON'],
  ['single quotes', GOOD_TEXT.replaceAll('"', "'"), 'BODY_NOT_JSON'],
  ['NaN', withMember('"x":NaN'), 'BODY_NOT_JSON'],
  ['a number with a leading zero', withMember('"x":010'), 'BODY_NOT_JSON'],
  ['a line break in a string', withMember('"x":"a\nb"'), 'BODY_NOT_JSON'],
  ['a byte order mark', `\ufeff${GOOD_TEXT}`, 'BODY_NOT_JSON'],
  ['UTF-16 with a mark', Buffer.concat([mark, utf16(GOOD_TEXT)]), 'BODY_NOT_UTF8'],
  ['UTF-16 without a mark', utf16(GOOD_TEXT), 'BODY_NOT_JSON'],
  ['UTF-16, big end first', bigEndian, 'BODY_NOT_JSON'],
  ['a byte that is not UTF-8', Buffer.from(withMember('"x":"\xe9"'), 'latin1'), 'BODY_NOT_UTF8'],
  ['an overlong slash', Buffer.from(withMember('"x":"\xc0\xaf"'), 'latin1'), 'BODY_NOT_UTF8'],
  ['an encoded surrogate', Buffer.from(withMember('"x":"\xed\xa0\x80"'), 'latin1'), 'BODY_NOT_UTF8'],
  ['a lone escaped surrogate', withMember('"x":"\\ud800"'), 'BODY_NOT_UTF8'],
  ['a member twice', withMember('"query":"other"'), 'BODY_DUPLICATE_KEY'],
  ['a member twice, once escaped', withMember('"quer\\u0079":"other"'), 'BODY_DUPLICATE_KEY'],
  ['a member twice, deep inside', withMember('"x":[{"y":{"a":1,"b":2,"a":3}}]'), 'BODY_DUPLICATE_KEY'],
  ['70 levels of arrays', withMember(`"x":${'['.repeat(70)}${']'.repeat(70)}`), 'BODY_TOO_COMPLEX'],
  ['100,000 levels of arrays', '['.repeat(100_000), 'BODY_TOO_COMPLEX'],
  ['100,000 levels of objects', '{"a":'.repeat(100_000), 'BODY_TOO_COMPLEX'],
  ['a million and more tokens', withMember(`"x":[${'0,'.repeat(1_000_001)}0]`), 'BODY_TOO_COMPLEX'],
];

test.each(UNREADABLE)('a body that is %s', async (_, body, reason) => {
  const response = await setup.send({ body });
  await expectRefusal(setup, response, reason);
  await expectNothingForwarded(setup);
});

/** Members that this dialect does not have but some server would read as the query or the candidates. */
const AMBIGUOUS: readonly (readonly [string, DialectName, string])[] = [
  ['another case', 'tei', `{"query":${QUERY},"texts":${TEXTS},"Texts":["other"]}`],
  ['another case alone', 'tei', `{"Query":${QUERY},"query":"a","texts":${TEXTS}}`],
  ["Cohere's name", 'tei', `{"query":${QUERY},"texts":${TEXTS},"documents":["other"]}`],
  ["Vertex's name", 'tei', `{"query":${QUERY},"texts":${TEXTS},"instances":[]}`],
  ["another API's names", 'tei', `{"query":${QUERY},"texts":${TEXTS},"text_1":"a","text_2":"b"}`],
  ["TEI's name", 'cohere-v1', `{"query":${QUERY},"documents":${TEXTS},"texts":["other"]}`],
  ['another case', 'cohere-v1', `{"query":${QUERY},"documents":${TEXTS},"Documents":["other"]}`],
  ['a long s', 'cohere-v2', `{"model":"m","query":${QUERY},"documents":${TEXTS},"document\u017f":["other"]}`],
  [
    'an escaped long s',
    'cohere-v2',
    `{"model":"m","query":${QUERY},"documents":${TEXTS},"document\\u017f":[]}`,
  ],
  ['a Kelvin sign', 'cohere-v1', `{"query":${QUERY},"documents":${TEXTS},"ran\u212a_fields":["other"]}`],
  ['full-width letters', 'cohere-v2', `{"model":"m","query":${QUERY},"documents":${TEXTS},"ｑuery":"other"}`],
  ['a twin inside a document', 'cohere-v1', `{"query":${QUERY},"documents":[{"text":"a","Text":"b"}]}`],
];

test.each(AMBIGUOUS)('a member by %s in %s', async (_, dialect, body) => {
  const response = await setup.send({ target: ROUTE[dialect], body });
  await expectRefusal(setup, response, 'BODY_AMBIGUOUS_MEMBER', dialect);
  await expectNothingForwarded(setup);
});

describe('a body that is unusual and right', () => {
  test.each([
    ['white space around it', ` \r\n\t${GOOD_TEXT}\n`],
    ['escapes everywhere', GOOD_TEXT.replaceAll('e', '\\u0065').replaceAll('tru\\u0065', 'true')],
    ['members that nobody knows', withMember('"x":{"y":[1e400,-0,12345678901234567890]}')],
    ['60 levels', withMember(`"x":${'['.repeat(60)}${']'.repeat(60)}`)],
  ])('passes: %s', async (_, body) => {
    const response = await setup.send({ body });
    expect(response.status).toBe(200);
    expect(setup.upstream.calls).toHaveLength(1);
  });
});
