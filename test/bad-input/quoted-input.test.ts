import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { DOCUMENTS, leaksIn, PERSONAL } from '../support/personal.ts';
import { GOOD, type Setup, setUp } from '../support/setup.ts';
import { httpAnswer } from '../support/upstream.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp({ order: 'score-then-mask' });
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

const { EMAIL_ADDRESS: email, US_SSN: ssn, CREDIT_CARD: card } = PERSONAL;
const all = `${email} ${ssn} ${card}`;
const each = (text: string, spell: (code: number) => string) =>
  [...text].map((char) => spell(char.charCodeAt(0))).join('');
const escaped = each(all, (code) => `\\u${code.toString(16).padStart(4, '0')}`);
const entities = each(all, (code) => `&#${code};`);
const percent = each(all, (code) => `%${code.toString(16)}`);
const digits = (text: string) => text.replaceAll(/\D/g, '');

/** Ways in which servers and their frameworks quote what they were sent. */
const QUOTED: readonly (readonly [string, string, string])[] = [
  ['JSON, every character escaped', 'application/json', `{"error":"${escaped}"}`],
  ['JSON in JSON', 'application/json', JSON.stringify({ error: JSON.stringify({ input: all }) })],
  ['escaped JSON in JSON', 'application/json', JSON.stringify({ error: `{"input":"${escaped}"}` })],
  [
    'escaped JSON in JSON in JSON',
    'application/json',
    JSON.stringify({ error: JSON.stringify({ detail: `{"input":"${escaped}"}` }) }),
  ],
  [
    'escaped JSON in words in JSON',
    'application/json',
    JSON.stringify({ error: `bad: {"input":"${escaped}"}` }),
  ],
  ['member names', 'application/json', JSON.stringify({ [email]: 1, [ssn]: 2, [card]: 3 })],
  ['numbers', 'application/json', `{"card":${digits(card)},"ssn":${digits(ssn)}}`],
  ['JSON without saying so', 'text/plain', JSON.stringify({ error: all })],
  ['escaped JSON in text', 'text/plain', `Error: {"input":"${escaped}"}`],
  ['HTML, every character an entity', 'text/html', `<p>${entities}</p>`],
  ['HTML, the @ an entity', 'text/html', `<p>${email.replace('@', '&#64;')}</p>`],
  ['an address bar', 'text/plain', `no such page: /?q=${percent}`],
  ['a form', 'application/x-www-form-urlencoded', `q=${encodeURIComponent(all)}`],
  ['hard spaces', 'text/plain', `card ${card.replaceAll(' ', '\u00a0')}`],
  ['a stack trace', 'text/plain', `Traceback:\n  File "app.py", line 3\nValueError: ${DOCUMENTS.join('\n')}`],
];

test.each(QUOTED)('an error that quotes the input as %s', async (_, type, text) => {
  setup.upstream.script = (call) => call.write(httpAnswer(422, text, { 'Content-Type': type }));
  const response = await setup.send({ body: GOOD.tei });
  expect(response.status).toBe(422);
  expect(leaksIn(response.bytes)).toEqual([]);
  const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
  expect(Object.keys(record.masked).length).toBeGreaterThan(0);
  expect(leaksIn(setup.guard.logText())).toEqual([]);
});

test('results may carry personal data where nobody expects it', async () => {
  const result = { index: 0, score: 1, text: 'a', card: Number(digits(card)), [email]: { [ssn]: [all] } };
  setup.upstream.script = (call) => call.write(httpAnswer(200, JSON.stringify([result])));
  const response = await setup.send({ body: GOOD.tei });
  expect(response.status).toBe(200);
  expect(leaksIn(response.bytes)).toEqual([]);
});
