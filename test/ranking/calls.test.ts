import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Setup, setUp } from '../support/setup.ts';
import { waitFor } from '../support/wait.ts';

const REGO = `package rankguard.e2e

allow := true

rank contains {"verb": "diversify", "by": "fields.publisher", "top": 2, "max": 1}

rank contains {"verb": "floor", "min_score": 0.21, "below": "remove"}

rank contains {"verb": "reorder", "index": r.index, "move": way} if {
	some r in input.response.results
	some way in ["boost", "demote"]
	input.request.query == "contradiction"
}
`;

const DOCUMENTS = ['acme', 'acme', 'acme', 'globex', 'globex'].map((publisher, n) => ({
  text: `text ${n}`,
  publisher,
}));

let setup: Setup;
beforeAll(async () => {
  setup = await setUp({ rego: REGO, spec: { ranking: { header: true } } });
}, 60_000);
afterAll(() => setup.close());

function send(body: Readonly<Record<string, unknown>>) {
  return setup.send({
    target: '/v1/rerank',
    body: JSON.stringify({ model: 'm', query: 'q', documents: DOCUMENTS, ...body }),
  });
}

describe('rank verbs over the wire', () => {
  test('the order, the header field and the record say what was done', async () => {
    const response = await send({});
    expect(response.status).toBe(200);
    const results = response.json()['results'] as { index: number; document: { text: string } }[];
    expect(results.map(({ index }) => index)).toEqual([0, 3, 1, 2]);
    expect(results.map(({ document }) => document.text)).toEqual(['text 0', 'text 3', 'text 1', 'text 2']);
    expect(response.headers.get('rankguard-ranking')).toBe(
      'floor;removed=1;moved=0, diversify;removed=0;moved=3',
    );
    const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
    expect(record.ranking).toEqual([
      { verb: 'floor', removed: 1, moved: 0, policies: ['e2e/e2e'] },
      { verb: 'diversify', removed: 0, moved: 3, policies: ['e2e/e2e'] },
    ]);
  });

  test('all results are asked for, so that the verbs can choose, and the caller gets as many as it wants', async () => {
    setup.fresh();
    const response = await send({ top_n: 2 });
    expect(JSON.parse(setup.upstream.calls[0]!.body.toString())).toMatchObject({ top_n: 5 });
    const results = response.json()['results'] as { index: number }[];
    expect(results.map(({ index }) => index)).toEqual([0, 3]);
  });

  test('contradictory reorders are refused, and the policy is named', async () => {
    const response = await send({ query: 'contradiction' });
    expect(response.status).toBe(500);
    expect(response.json()).toMatchObject({ reason: 'POLICY_FAULT', policy: 'e2e/e2e' });
    const counted = () => setup.guard.calls.find(({ reason }) => reason === 'POLICY_FAULT');
    expect((await waitFor(counted, 'the record')).results).toBe(5);
  });
});
