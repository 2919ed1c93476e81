import type { DialectName } from '@rankguard/contract';

/** One shape of bodies: who shares it, and how it is written, by hand, so that strings keep their own spelling. */
export interface Family {
  readonly dialect: DialectName;
  readonly path: string;
  /** A call, of JSON texts. */
  readonly body: (query: string, documents: readonly string[]) => string;
  /** The query and the documents of a call, as the reranker reads them. */
  readonly read: (body: string) => readonly [query: string, documents: readonly string[]];
  /** An answer that repeats the documents, where the API has a place for them or not. */
  readonly answer: (documents: readonly string[]) => string;
}

const score = (place: number) => 1 / (place + 1);
const listed = (documents: readonly string[], item: (document: string, place: number) => string) =>
  `[${documents.map(item).join(',')}]`;
const texts = (values: readonly { readonly text: string }[]) => values.map(({ text }) => text);

/** One of each family of shapes; TEI and Cohere have tables of their own. */
export const FAMILIES: readonly Family[] = [
  {
    dialect: 'vllm',
    path: '/rerank',
    body: (query, documents) => `{"model":"m","query":${query},"documents":[${documents}]}`,
    read(body) {
      const { query, documents } = JSON.parse(body);
      return [query, documents];
    },
    answer: (documents) =>
      `{"id":"r","results":${listed(documents, (text, at) => `{"index":${at},"document":{"text":${text}},"relevance_score":${score(at)}}`)}}`,
  },
  {
    dialect: 'elasticsearch',
    path: '/_inference/rerank/m',
    body: (query, documents) => `{"query":${query},"input":[${documents}],"return_documents":true}`,
    read(body) {
      const { query, input } = JSON.parse(body);
      return [query, input];
    },
    answer: (documents) =>
      `{"rerank":${listed(documents, (text, at) => `{"index":"${at}","relevance_score":"${score(at)}","text":${text}}`)}}`,
  },
  {
    dialect: 'nim',
    path: '/v1/ranking',
    body: (query, documents) =>
      `{"query":{"text":${query}},"passages":${listed(documents, (text) => `{"text":${text}}`)}}`,
    read(body) {
      const { query, passages } = JSON.parse(body);
      return [query.text, texts(passages)];
    },
    answer: (documents) =>
      `{"rankings":${listed(documents, (_, at) => `{"index":${at},"logit":${score(at)}}`)},"passages":[${documents}]}`,
  },
  {
    dialect: 'kserve',
    path: '/v2/models/m/infer',
    body: (query, documents) =>
      `{"inputs":[{"name":"query","shape":[1],"datatype":"BYTES","data":[${query}]},{"name":"documents","shape":[${documents.length}],"datatype":"BYTES","data":[${documents}]}]}`,
    read(body) {
      const [query, documents] = JSON.parse(body).inputs;
      return [query.data[0], documents.data];
    },
    answer: (documents) =>
      `{"model_name":"m","parameters":{"texts":[${documents}]},"outputs":[{"name":"scores","shape":[${documents.length}],"datatype":"FP32","data":[${documents.map((_, at) => score(at))}]}]}`,
  },
  {
    dialect: 'vertex',
    path: '/v1/projects/p/locations/global/rankingConfigs/c:rank',
    body: (query, documents) =>
      `{"query":${query},"records":${listed(documents, (text, at) => `{"id":"r-${at}","content":${text}}`)}}`,
    read(body) {
      const { query, records } = JSON.parse(body);
      return [query, records.map(({ content }: { readonly content: string }) => content)];
    },
    answer: (documents) =>
      `{"records":${listed(documents, (text, at) => `{"id":"r-${at}","content":${text},"score":${score(at)}}`)}}`,
  },
  {
    dialect: 'bedrock',
    path: '/rerank',
    body: (query, documents) =>
      `{"queries":[{"type":"TEXT","textQuery":{"text":${query}}}],"sources":${listed(documents, (text) => `{"type":"INLINE","inlineDocumentSource":{"type":"TEXT","textDocument":{"text":${text}}}}`)},"rerankingConfiguration":{"type":"BEDROCK_RERANKING_MODEL","bedrockRerankingConfiguration":{"modelConfiguration":{"modelArn":"m"}}}}`,
    read(body) {
      const { queries, sources } = JSON.parse(body);
      const inline = sources.map(
        (one: { readonly inlineDocumentSource: { readonly textDocument: { readonly text: string } } }) =>
          one.inlineDocumentSource.textDocument,
      );
      return [queries[0].textQuery.text, texts(inline)];
    },
    answer: (documents) =>
      `{"results":${listed(documents, (text, at) => `{"index":${at},"relevanceScore":${score(at)},"document":{"type":"TEXT","textDocument":{"text":${text}}}}`)}}`,
  },
];
