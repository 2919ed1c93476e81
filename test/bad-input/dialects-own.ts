import type { ReasonCode } from '@rankguard/contract';
import { PERSONAL } from '../support/personal.ts';

const query = PERSONAL.EMAIL_ADDRESS;
const documents = [query, 'b'];
type Members = Readonly<Record<string, unknown>>;

const inline = (more: Members) => ({ type: 'INLINE', inlineDocumentSource: more });
const text = { type: 'TEXT', textDocument: { text: query } };
const rerankingConfiguration = {
  type: 'BEDROCK_RERANKING_MODEL',
  bedrockRerankingConfiguration: { modelConfiguration: { modelArn: 'arn' } },
};
const queries = [{ type: 'TEXT', textQuery: { text: query } }];
const bedrock = (more: Members) => ({ queries, sources: [inline(text)], rerankingConfiguration, ...more });
const configured = (own: Members) => ({
  rerankingConfiguration: { type: 'BEDROCK_RERANKING_MODEL', bedrockRerankingConfiguration: own },
});
const modelConfiguration = { modelArn: 'arn' };

const tensor = (name: string, data: readonly unknown[], more: Members = {}) => ({
  name,
  shape: [data.length],
  datatype: 'BYTES',
  data,
  ...more,
});
const inputs = (...tensors: readonly unknown[]) => ({ inputs: tensors });
const infer = 'kserve /v2/models/m/infer';
const vertex = 'vertex /v1/projects/p/locations/global/rankingConfigs/c:rank';
const image = { type: 'image_url', image_url: { url: 'http://169.254.169.254/latest' } };

/** What is wrong in one API alone: path, title, body, reason. */
export const OWN: readonly (readonly [string, string, unknown, ReasonCode])[] = [
  [
    'vllm /rerank',
    'an image that the server would fetch',
    { model: 'm', query, documents: [{ content: [image] }] },
    'BODY_SHAPE',
  ],
  [
    'vllm /score text_1',
    'another number of queries than documents',
    { text_1: [query, 'b', 'c'], text_2: documents },
    'BODY_SHAPE',
  ],
  [
    'vllm /score text_1',
    'two ways of naming the sides',
    { text_1: query, text_2: documents, queries: [query], documents },
    'BODY_AMBIGUOUS_MEMBER',
  ],
  ['vllm /score text_1', 'token ids', { text_1: [[1, 2]], text_2: documents }, 'BODY_SHAPE'],
  ['jina /v1/rerank strings', 'an image', { model: 'm', query, documents: [{ image: query }] }, 'BODY_SHAPE'],
  [
    'nim /v1/ranking',
    'a passage with an image',
    { query: { text: query }, passages: [{ text: 'a', image: query }] },
    'BODY_SHAPE',
  ],
  [
    'nim /v1/ranking',
    'a query with an image',
    { query: { text: query, image: 'x' }, passages: [{ text: 'a' }] },
    'BODY_SHAPE',
  ],
  [vertex, 'a record without an id', { query, records: [{ content: query }] }, 'BODY_SHAPE'],
  [
    vertex,
    'two records with one id',
    {
      query,
      records: [
        { id: 'a', content: query },
        { id: 'a', content: 'b' },
      ],
    },
    'BODY_SHAPE',
  ],
  [vertex, 'an id that is a number', { query, records: [{ id: 1, content: query }] }, 'BODY_SHAPE'],
  ['bedrock /rerank TEXT', 'two queries', bedrock({ queries: [...queries, ...queries] }), 'BODY_SHAPE'],
  [
    'bedrock /rerank TEXT',
    'a query of another type',
    bedrock({ queries: [{ type: 'IMAGE', textQuery: { text: query } }] }),
    'BODY_SHAPE',
  ],
  [
    'bedrock /rerank TEXT',
    'a source elsewhere',
    bedrock({ sources: [{ type: 'S3', s3Location: query }] }),
    'BODY_SHAPE',
  ],
  [
    'bedrock /rerank TEXT',
    'a source of two documents',
    bedrock({ sources: [inline({ ...text, jsonDocument: { a: query } })] }),
    'BODY_SHAPE',
  ],
  [
    'bedrock /rerank TEXT',
    'a JSON source that is text',
    bedrock({ sources: [inline({ type: 'JSON', jsonDocument: query })] }),
    'BODY_SHAPE',
  ],
  ['bedrock /rerank TEXT', 'another page of an answer', bedrock({ nextToken: 'p2' }), 'BODY_SHAPE'],
  ['bedrock /rerank TEXT', 'no model', bedrock(configured({ modelConfiguration: {} })), 'BODY_SHAPE'],
  [
    'bedrock /rerank TEXT',
    'a numberOfResults of 0',
    bedrock(configured({ numberOfResults: 0, modelConfiguration })),
    'BODY_SHAPE',
  ],
  [
    'bedrock /rerank TEXT',
    'a numberOfResults that is text',
    bedrock(configured({ numberOfResults: '1', modelConfiguration })),
    'BODY_SHAPE',
  ],
  [
    infer,
    'a shape that is another number',
    inputs(tensor('query', [query]), tensor('documents', documents, { shape: [3] })),
    'BODY_SHAPE',
  ],
  [
    infer,
    'a tensor of two columns',
    inputs(tensor('query', [query]), tensor('documents', documents, { shape: [1, 2, 2] })),
    'BODY_SHAPE',
  ],
  [
    infer,
    'numbers',
    inputs(tensor('query', [query]), tensor('documents', [1, 2], { datatype: 'INT64' })),
    'BODY_SHAPE',
  ],
  [
    infer,
    'data behind the JSON text',
    inputs(tensor('query', [query]), {
      name: 'documents',
      shape: [1],
      datatype: 'BYTES',
      parameters: { binary_data_size: 8 },
    }),
    'BODY_SHAPE',
  ],
  [
    infer,
    'a tensor of nobody',
    inputs(tensor('query', [query]), tensor('documents', documents), tensor('secret', [query])),
    'BODY_SHAPE',
  ],
  [
    infer,
    'two queries',
    inputs(tensor('query', [query, query]), tensor('documents', documents)),
    'BODY_SHAPE',
  ],
  [
    infer,
    '0 documents',
    inputs(tensor('query', [query]), tensor('documents', [], { shape: [0] })),
    'BODY_SHAPE',
  ],
];
