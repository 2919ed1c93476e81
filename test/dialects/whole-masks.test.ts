import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Setup, setUp } from '../support/setup.ts';
import { httpAnswer } from '../support/upstream.ts';
import { type Candidate, WIRES, type Wire } from '../support/wires/index.ts';

/** The query is the path that is masked. */
const REGO = `package rankguard.e2e

allow if true

mask contains {"path": input.request.query, "with": "redact"} if startswith(input.request.query, "documents")
`;
const PATHS = ['documents[*]', 'documents[*].text', 'documents[*].fields', 'documents[*].fields.*'];
const CANDIDATES: readonly Candidate[] = ['first', 'second', 'third'].map((word) => ({
  text: `hidden ${word}`,
  note: `noted ${word}`,
}));

const CONNECTIONS = [...new Set(WIRES.map(({ dialect }) => dialect))].flatMap((dialect) =>
  (['mask-then-score', 'score-then-mask'] as const).map((order) => [dialect, order] as const),
);

describe.each(CONNECTIONS)('%s, %s', (dialect, order) => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp({ dialects: [dialect], rego: REGO, order });
  }, 60_000);
  afterAll(() => setup.close());

  async function ask(wire: Wire, query: string) {
    setup.fresh();
    const results = [2, 0, 1].map((index, at) => ({ index, score: 0.75 - at / 4 }));
    let sent = '';
    setup.upstream.script = (call) => {
      sent = call.body.toString('utf8');
      return call.write(httpAnswer(200, JSON.stringify(wire.answer(JSON.parse(sent), results))));
    };
    const response = await setup.send({
      target: wire.path,
      token: null,
      headers: [wire.credential(setup.token)],
      body: wire.encode({ query, candidates: CANDIDATES, topN: null }),
    });
    return { response, sent };
  }

  const rows = WIRES.filter((wire) => wire.dialect === dialect).flatMap((wire) =>
    PATHS.map((path) => [wire.title, path, wire] as const),
  );
  test.each(rows)(
    '%s: a mask of %s hides every document, and leaves whose score is whose',
    async (_, path, wire) => {
      const { response, sent } = await ask(wire, path);
      // The text of an object is its member `text`; the others stay.
      const hidden = path.endsWith('.text') ? /hidden/ : /hidden|noted/;
      expect(response.status).toBe(200);
      expect(response.body.toString()).not.toMatch(hidden);
      if (order === 'mask-then-score') expect(sent).not.toMatch(hidden);
      const shown = wire.scores(response.json()).map(({ index, score }) => [index, score]);
      const best = [
        [2, 0.75],
        [0, 0.5],
        [1, 0.25],
      ];
      expect(shown).toEqual(wire.given ? best.toSorted((a, b) => a[0]! - b[0]!) : best);
    },
  );
});

test('ids that masks would change go to the reranker as numbers, and come back as the caller wrote them', async () => {
  const records = ['ann@example.org', 'r-1', 'bob@example.org', '0'].map((id) => ({
    id,
    content: `of ${id}`,
  }));
  const setup = await setUp({ dialects: ['vertex'], rego: REGO, order: 'mask-then-score' });
  try {
    let sent: { id: string; content: string }[] = [];
    setup.upstream.script = (call) => {
      sent = JSON.parse(call.body.toString('utf8')).records;
      const ranked = sent.toReversed().map((record) => ({ ...record, score: 0.5 }));
      return call.write(httpAnswer(200, JSON.stringify({ records: ranked })));
    };
    const target = WIRES.find(({ dialect }) => dialect === 'vertex')!.path;
    const response = await setup.send({ target, body: { query: 'q', records } });
    expect(sent.map(({ id }) => id)).toEqual(['0', '1', '2', '3']);
    expect(JSON.stringify(sent)).not.toContain('@');
    const shown = response.json()['records'] as { id: string; content: string }[];
    expect(shown.map(({ id }) => id)).toEqual(records.map(({ id }) => id).toReversed());
    expect(shown.map(({ content }) => content)).toEqual([
      'of 0',
      'of <EMAIL_ADDRESS>',
      'of r-1',
      'of <EMAIL_ADDRESS>',
    ]);
    // Where no mask is about an id, the ids stay.
    await setup.send({ target, body: { query: 'q', records: [records[1], records[3]] } });
    expect(sent.map(({ id }) => id)).toEqual(['r-1', '0']);
  } finally {
    await setup.close();
  }
}, 30_000);
