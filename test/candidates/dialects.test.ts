import { describe, expect, test } from '@jest/globals';
import { type DialectName, NO_OBLIGATIONS } from '@rankguard/contract';
import { SPEECHES, type SpeechName } from '@rankguard/example-support-search';
import { createRouter } from '@rankguard/sidecar/dialects';
import fc from 'fast-check';
import { createBm25Scorer } from '../../examples/support-search/src/reranker/scorer.ts';
import { answeredBy, callOf, drops } from './calls.ts';

const scorer = createBm25Scorer();
const QUERY = 'red blue';

type Result = Readonly<Record<string, unknown>>;

/** How a client of an API writes a call and reads its answer, by hand. */
interface Wire {
  readonly speaks: SpeechName;
  readonly path: string;
  readonly body: (texts: readonly string[]) => unknown;
  readonly results: (answer: unknown) => readonly Result[];
  readonly index?: (result: Result) => number;
  readonly score: string;
  /** Logits instead of scores. */
  readonly raw?: true;
}

const list = (name: string) => (answer: unknown) =>
  (answer as Readonly<Record<string, readonly Result[]>>)[name]!;
const whole = (answer: unknown) => answer as readonly Result[];
const cohere = (texts: readonly string[]) => ({ model: 'm', query: QUERY, documents: texts });
const like = (speaks: SpeechName, path: string): Wire => ({
  speaks,
  path,
  body: cohere,
  results: list('results'),
  score: 'relevance_score',
});

const WIRES: readonly Wire[] = [
  like('vllm', '/rerank'),
  like('vllm', '/v2/rerank'),
  like('vllm', '/invocations'),
  like('infinity', '/rerank'),
  { ...like('llama-cpp', '/reranking'), raw: true },
  {
    ...like('llama-cpp', '/v1/rerank'),
    body: (texts) => ({ query: QUERY, texts }),
    results: whole,
    score: 'score',
    raw: true,
  },
  like('jina', '/v1/rerank'),
  { ...like('voyage', '/v1/rerank'), results: list('data') },
  {
    ...like('mixedbread', '/v1/reranking'),
    body: (texts) => ({ query: QUERY, input: texts, return_input: true }),
    results: list('data'),
    score: 'score',
  },
  {
    ...like('pinecone', '/rerank'),
    body: (texts) => ({ model: 'm', query: QUERY, documents: texts.map((text) => ({ text })) }),
    results: list('data'),
    score: 'score',
  },
  like('together', '/v1/rerank'),
  {
    ...like('nim', '/v1/ranking'),
    body: (texts) => ({ query: { text: QUERY }, passages: texts.map((text) => ({ text })) }),
    results: list('rankings'),
    score: 'logit',
    raw: true,
  },
  {
    ...like('elasticsearch', '/_inference/rerank/m'),
    body: (texts) => ({ query: QUERY, input: texts, return_documents: true }),
    results: list('rerank'),
  },
  like('openvino', '/v3/rerank'),
  like('kserve', '/openai/v1/rerank'),
  like('azure-cohere', '/providers/cohere/v2/rerank'),
  {
    ...like('vertex', '/v1/projects/p/locations/global/rankingConfigs/c:rank'),
    body: (texts) => ({ query: QUERY, records: texts.map((content, at) => ({ id: `r-${at}`, content })) }),
    results: list('records'),
    index: ({ id }) => Number(String(id).slice(2)),
    score: 'score',
  },
  { ...like('sagemaker', '/endpoints/e/invocations') },
  {
    ...like('sagemaker', '/invocations'),
    body: (texts) => ({ query: QUERY, texts }),
    results: whole,
    score: 'score',
  },
  {
    ...like('bedrock', '/rerank'),
    body: (texts) => ({
      queries: [{ type: 'TEXT', textQuery: { text: QUERY } }],
      sources: texts.map((text) => ({
        type: 'INLINE',
        inlineDocumentSource: { type: 'TEXT', textDocument: { text } },
      })),
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: { modelConfiguration: { modelArn: 'arn' } },
      },
    }),
    score: 'relevanceScore',
  },
  {
    ...like('bedrock', '/model/cohere.rerank-v3-5%3A0/invoke'),
    body: (texts) => ({ query: QUERY, documents: texts }),
  },
];

/** The upstream: the example's reranker without a socket. */
function upstreamOf({ speaks, path }: Wire): (sent: string) => string {
  const { endpoints } = SPEECHES[speaks];
  const endpoint = endpoints.find((each) => each.path.test(path))!;
  return (sent) => endpoint.answer(JSON.parse(sent), endpoint.path.exec(path)!.slice(1), scorer).body;
}

const policies = fc
  .array(fc.array(fc.constantFrom('red', 'blue', 'green', 'grey'), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((texts) => texts.map((words) => words.join(' ')))
  .chain((texts) =>
    fc.record({
      texts: fc.constant(texts),
      before: fc.subarray([...texts.keys()], { maxLength: texts.length - 1 }),
      after: fc.subarray([...texts.keys()]),
      limit: fc.option(fc.integer({ min: 1, max: 8 })),
    }),
  );

/** What has to come of it, worked out on arrays with the scorer alone. */
function expected(
  wire: Wire,
  texts: readonly string[],
  gone: readonly number[],
  later: readonly number[],
  most: number,
) {
  const kept = [...texts.keys()].filter((place) => !gone.includes(place));
  return scorer
    .rank(
      QUERY,
      kept.map((place) => texts[place]!),
    )
    .map(({ index, score, raw }) => [kept[index]!, wire.raw ? raw : score] as const)
    .filter(([place]) => !later.includes(place))
    .slice(0, most);
}

const CASES = WIRES.flatMap((wire) =>
  ([wire.speaks, 'auto'] as const).map((name) => [`${name} ${wire.path}`, name, wire] as const),
);

describe.each(CASES)('%s', (_, name, wire) => {
  const router = createRouter([name as DialectName]);
  const upstream = upstreamOf(wire);

  test('property: whatever is dropped and limited, the client’s own array gets its own scores', () => {
    fc.assert(
      fc.property(policies, ({ texts, before, after, limit }) => {
        const rank = limit === null ? [] : [{ verb: 'limit', results: limit, policy: 'p' } as const];
        const said = {
          request: { ...NO_OBLIGATIONS, drop: drops(before) },
          response: { ...NO_OBLIGATIONS, drop: drops(after), rank },
        };
        const body = JSON.stringify(wire.body(texts));
        const outcome = answeredBy(callOf(wire.path, said, undefined, router), body, upstream);
        if ('refused' in outcome) throw new Error(outcome.refused);
        const read = wire.results(JSON.parse(outcome.answered));
        const found = read.map((result) => [
          wire.index?.(result) ?? Number(result['index']),
          result[wire.score],
        ]);
        expect(found).toEqual(expected(wire, texts, before, after, limit ?? texts.length));
      }),
      { numRuns: 30 },
    );
  });
});

const POSITIONAL: readonly (readonly [SpeechName, string, unknown])[] = [
  ['vllm', '/score', { text_1: QUERY, text_2: ['red', 'grey'] }],
  ['vllm', '/score', { queries: ['red', 'blue'], documents: ['red', 'grey'] }],
  ['vllm', '/classify', { input: ['red', 'grey'] }],
  [
    'kserve',
    '/v2/models/m/infer',
    {
      inputs: [
        { name: 'query', shape: [1], datatype: 'BYTES', data: [QUERY] },
        { name: 'documents', shape: [2], datatype: 'BYTES', data: ['red', 'grey'] },
      ],
    },
  ],
];

describe.each(POSITIONAL)('%s %s, which answers by place', (name, path, body) => {
  const router = createRouter([name]);
  const answer = (drop: readonly number[], later: readonly number[]) =>
    answeredBy(
      callOf(
        path,
        {
          request: { ...NO_OBLIGATIONS, drop: drops(drop) },
          response: { ...NO_OBLIGATIONS, drop: drops(later) },
        },
        undefined,
        router,
      ),
      JSON.stringify(body),
      upstreamOf({ speaks: name, path } as Wire),
    );

  test('passes as it is', () => {
    const [speech] = [upstreamOf({ speaks: name, path } as Wire)];
    expect(answer([], [])).toEqual({ answered: speech(JSON.stringify(body)) });
  });

  test('is refused when a policy drops a candidate', () => {
    expect(answer([1], [])).toEqual({ refused: 'RANKING_FIXED' });
    expect(answer([], [1])).toEqual({ refused: 'RANKING_FIXED' });
  });
});
