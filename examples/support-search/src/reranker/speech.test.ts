import { afterEach, describe, expect, test } from '@jest/globals';
import { dialectFixtures } from '../../../../test/support/fixtures.ts';
import { createReranker, SPEECHES, type SpeechName } from './index.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const FIXTURES = dialectFixtures().filter(({ name }) => Object.hasOwn(SPEECHES, name.split('/')[0]!));

/** The names of members, all the way down: the form of a value without what it says. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [formOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, formOf(member)]));
}

async function start(speaks: SpeechName): Promise<string> {
  const reranker = createReranker({ speaks, apiKey: 'the-key' });
  closers.push(() => reranker.close());
  return reranker.listen(0, '127.0.0.1');
}

describe.each(FIXTURES.map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
  const speaks = fixture.name.split('/')[0] as SpeechName;
  const [name, value] = SPEECHES[speaks].key('the-key');

  test('is answered in the form of its API', async () => {
    const url = await start(speaks);
    const response = await fetch(`${url}${fixture.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [name]: value },
      body: JSON.stringify(fixture.request),
    });
    const answer: unknown = await response.json();
    expect([response.status, answer]).toEqual([200, expect.anything()]);
    const given = formOf(answer);
    // What the fixture has, the answer has too; the documentation's numbers may stand as text.
    if (!fixture.name.endsWith('quoted'))
      expect(given).toMatchObject(without(formOf(fixture.response)) as object);
  });

  test('asks for its key where the API has it', async () => {
    const url = await start(speaks);
    for (const headers of [{}, { [name]: 'another' }]) {
      const response = await fetch(`${url}${fixture.path}`, { method: 'POST', headers, body: '{}' });
      expect(response.status).toBe(401);
    }
  });
});

/** Leaves out what an API says beside the ranking, and may leave out itself. */
function without(form: unknown): unknown {
  if (typeof form !== 'object' || form === null || Array.isArray(form)) return form;
  const beside = ['usage', 'meta', 'id', 'created', 'model_version'];
  return Object.fromEntries(Object.entries(form).filter(([name]) => !beside.includes(name)));
}

test.each(Object.keys(SPEECHES) as SpeechName[])(
  '%s says what is wrong with a body, and that it is well',
  async (speaks) => {
    const url = await start(speaks);
    const [name, value] = SPEECHES[speaks].key('the-key');
    const fixture = FIXTURES.find((each) => each.name.startsWith(`${speaks}/`))!;
    for (const body of ['{', '{}', '[]', '{"query":1}']) {
      const response = await fetch(`${url}${fixture.path}`, {
        method: 'POST',
        headers: { [name]: value },
        body,
      });
      expect([body, response.status]).toEqual([body, 400]);
      expect(await response.json()).toEqual(expect.any(Object));
    }
    for (const path of SPEECHES[speaks].health) expect((await fetch(`${url}${path}`)).status).toBe(200);
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  },
);
