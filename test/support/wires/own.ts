import { asText, at, list, type Members, members, opened } from './documents.ts';
import { OPENAI, ranking } from './form.ts';
import type { Candidate, Result, Wire } from './types.ts';

/** Google's ranking API: records name themselves, and results are records with a score. */
export function vertex(): Wire {
  const path = '/v1/projects/p/locations/global/rankingConfigs/c:rank';
  const base = ranking({
    dialect: 'vertex',
    path,
    candidates: 'records',
    topN: 'topN',
    zeroIsAll: true,
    explanation: OPENAI,
  });
  const write = (candidate: Candidate, place: number) => ({ id: `r-${place}`, ...candidate });
  const scores = (answer: unknown) =>
    list(members(answer)['records']).map((record) => ({
      index: Number(String(members(record)['id']).slice(2)),
      score: members(record)['score'] as number,
    }));
  const without = ({ id, score, ...details }: Members) => details as Candidate;
  return {
    ...base,
    encode: ({ query, candidates, topN }) => ({
      query,
      records: candidates.map(write),
      ...(topN !== null && { topN }),
    }),
    sent: (body) => ({
      ...base.sent(body),
      candidates: list(members(body)['records']).map((record) => without(members(record))),
    }),
    answer: (body, ranked) => ({
      records: ranked.map(({ index, score }) => ({
        ...members(list(members(body)['records'])[index]),
        score,
      })),
    }),
    scores,
    decode: (answer) =>
      list(members(answer)['records']).map((record, at) => ({
        ...scores(answer)[at]!,
        echo: without(members(record)),
      })),
  };
}

/** Amazon Bedrock's Rerank operation, with sources of text or of JSON. */
export function bedrock(type: 'TEXT' | 'JSON'): Wire {
  const base = ranking({
    dialect: 'bedrock',
    path: '/rerank',
    way: type,
    candidates: 'sources',
    score: 'relevanceScore',
    echoed: (source) => at(source, 'inlineDocumentSource'),
  });
  const own = ['rerankingConfiguration', 'bedrockRerankingConfiguration'];
  return {
    ...base,
    members: { ...base.members, query: 'queries', topN: null },
    encode: ({ query, candidates, topN }) => ({
      queries: [{ type: 'TEXT', textQuery: { text: query } }],
      sources: candidates.map((candidate) => ({
        type: 'INLINE',
        inlineDocumentSource:
          type === 'TEXT'
            ? { type, textDocument: { text: JSON.stringify(candidate) } }
            : { type, jsonDocument: candidate },
      })),
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: {
          ...(topN !== null && { numberOfResults: topN }),
          modelConfiguration: { modelArn: 'arn:aws:bedrock:::foundation-model/m' },
        },
      },
    }),
    sent: (body) => ({
      query: String(at(list(members(body)['queries'])[0], 'textQuery', 'text')),
      candidates: list(members(body)['sources']).map(opened),
      topN: (at(body, ...own, 'numberOfResults') ?? null) as number | null,
    }),
  };
}

const inOrder = (results: readonly Result[]) => results.toSorted((a, b) => a.index - b.index);

/** Scores by place: vLLM's score route. */
export function scores(path: string, query: string, documents: string): Wire {
  const base = ranking({ dialect: 'vllm', path, way: query, topN: null, echo: null, explanation: OPENAI });
  const read = (answer: unknown) =>
    list(members(answer)['data']).map((item) => ({
      index: members(item)['index'] as number,
      score: members(item)['score'] as number,
    }));
  return {
    ...base,
    given: true,
    members: { ...base.members, query, candidates: documents },
    encode: (call) => ({ model: 'm', [query]: call.query, [documents]: call.candidates.map(asText) }),
    sent: (body) => ({
      query: String(members(body)[query]),
      candidates: list(members(body)[documents]).map(opened),
      topN: null,
    }),
    answer: (_body, results) => ({
      data: inOrder(results).map(({ index, score }) => ({ index, object: 'score', score })),
    }),
    scores: read,
    decode: (answer) => read(answer).map((result) => ({ ...result, echo: null })),
  };
}

/** Tensors of the Open Inference Protocol, version 2. */
export function tensors(): Wire {
  const base = ranking({ dialect: 'kserve', path: '/v2/models/m/infer', topN: null, echo: null });
  const column = (name: string, data: readonly unknown[]) => ({
    name,
    shape: [data.length],
    datatype: 'BYTES',
    data,
  });
  const read = (answer: unknown) =>
    list(at(list(members(answer)['outputs'])[0], 'data')).map((score, index) => ({
      index,
      score: score as number,
    }));
  const dataOf = (body: unknown, place: number) =>
    list(members(list(members(body)['inputs'])[place])['data']);
  return {
    ...base,
    given: true,
    members: { ...base.members, query: 'inputs', candidates: 'inputs' },
    encode: ({ query, candidates }) => ({
      inputs: [column('query', [query]), column('documents', candidates.map(asText))],
    }),
    sent: (body) => ({
      query: String(dataOf(body, 0)[0]),
      candidates: dataOf(body, 1).map(opened),
      topN: null,
    }),
    answer: (_body, results) => {
      const data = inOrder(results).map(({ score }) => score);
      return { model_name: 'm', outputs: [{ ...column('scores', data), datatype: 'FP32' }] };
    },
    scores: read,
    decode: (answer) => read(answer).map((result) => ({ ...result, echo: null })),
    explanation: (body) => String(members(body)['error']),
  };
}
