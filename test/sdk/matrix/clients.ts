import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { BedrockAgentRuntimeClient, RerankCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { Client as ElasticClient } from '@elastic/elasticsearch';
import { CohereRerank } from '@langchain/cohere';
import { Document } from '@langchain/core/documents';
import { MixedbreadAIReranker } from '@langchain/mixedbread-ai';
import Mixedbread from '@mixedbread/sdk';
import { Pinecone } from '@pinecone-database/pinecone';
import type { SpeechName } from '@rankguard/example-support-search';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { CohereClient, CohereClientV2 } from 'cohere-ai';
import Together from 'together-ai';
import { VoyageAIClient } from 'voyageai';
import { createChild } from './child.ts';
import { PYTHON } from './python.ts';

export interface Ask {
  readonly url: string;
  readonly token: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly topN?: number;
  readonly echo?: boolean;
}

/** A result as the client's user has it. */
export interface Answer {
  readonly index: number;
  readonly score: number;
  /** The document that came with it, as text; undefined when none did. */
  readonly document?: string | undefined;
}

export interface SdkClient {
  readonly name: string;
  readonly dialect: string;
  /** What the reranker behind speaks; undefined: TEI and Cohere. */
  readonly speaks?: SpeechName;
  /** Whether the API echoes documents when it is asked to. */
  readonly echoes: boolean;
  /** It insists on as many results as documents, so that none may be left out. */
  readonly keepsCount?: true;
  /** It never looks at the status, so that its exception says something else. */
  readonly silent?: true;
  rerank(ask: Ask): Promise<readonly Answer[]>;
  close?(): void;
}

const MODEL = 'rerank-model';

function textOf(document: unknown): string | undefined {
  if (document === undefined || document === null) return undefined;
  return typeof document === 'string' ? document : String((document as { text?: unknown }).text);
}

interface Scored {
  readonly index?: number | undefined;
  readonly relevanceScore?: number | undefined;
  readonly document?: unknown;
}
const answers = (results: readonly Scored[] | undefined): Answer[] =>
  (results ?? []).map(({ index = -1, relevanceScore = Number.NaN, document }) => ({
    index,
    score: relevanceScore,
    document: textOf(document),
  }));

const withTopN = (topN: number | undefined) => (topN === undefined ? {} : { topN });

const cohere: readonly SdkClient[] = [
  {
    name: 'cohere-ai v1',
    dialect: 'cohere-v1',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const client = new CohereClient({ token, environment: url });
      const request = { query, documents: [...documents], returnDocuments: echo ?? false, ...withTopN(topN) };
      return answers((await client.rerank(request)).results);
    },
  },
  {
    name: 'cohere-ai v2',
    dialect: 'cohere-v2',
    echoes: false,
    async rerank({ url, token, query, documents, topN }) {
      const client = new CohereClientV2({ token, environment: url });
      return answers(
        (await client.rerank({ model: MODEL, query, documents: [...documents], ...withTopN(topN) })).results,
      );
    },
  },
  {
    name: '@langchain/cohere',
    dialect: 'cohere-v1',
    echoes: false,
    async rerank({ url, token, query, documents, topN }) {
      const client = new CohereClient({ token, environment: url });
      // Typed for another major of cohere-ai, which it also works with.
      const compressor = new CohereRerank({
        model: MODEL,
        client: client as never,
        topN: topN ?? documents.length,
      });
      const results = await compressor.rerank([...documents], query);
      const compressed = await compressor.compressDocuments(
        documents.map((pageContent) => new Document({ pageContent })),
        query,
      );
      return results.map(({ index, relevanceScore }, at) => {
        if (compressed[at]?.pageContent !== documents[index]) throw new Error('another document than named');
        return { index, score: relevanceScore };
      });
    },
  },
  {
    name: 'ai + @ai-sdk/cohere',
    dialect: 'cohere-v2',
    echoes: false,
    ...createChild(process.execPath, [join(import.meta.dirname, 'ai-sdk.ts')]),
  },
];

const mixedbread: readonly SdkClient[] = [
  {
    name: '@langchain/mixedbread-ai',
    dialect: 'mixedbread',
    speaks: 'mixedbread',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const reranker = new MixedbreadAIReranker({
        apiKey: token,
        baseUrl: url,
        topK: topN ?? documents.length,
      });
      const results = await reranker.rerank([...documents], query, { returnInput: echo ?? false });
      return results.map(({ index, score, input }) => ({ index, score, document: textOf(input) }));
    },
  },
  {
    name: '@mixedbread/sdk',
    dialect: 'mixedbread',
    speaks: 'mixedbread',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const client = new Mixedbread({ apiKey: token, baseURL: url });
      const { data } = await client.rerank({
        model: MODEL,
        query,
        input: [...documents],
        top_k: topN ?? documents.length,
        return_input: echo ?? false,
      });
      return data.map(({ index, score, input }) => ({ index, score, document: textOf(input) }));
    },
  },
];

const hosted: readonly SdkClient[] = [
  {
    name: 'voyageai',
    dialect: 'voyage',
    speaks: 'voyage',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const client = new VoyageAIClient({ apiKey: token, environment: `${url}/v1` });
      const { data } = await client.rerank({
        model: MODEL,
        query,
        documents: [...documents],
        returnDocuments: echo ?? false,
        ...(topN === undefined ? {} : { topK: topN }),
      });
      return answers(data);
    },
  },
  {
    name: 'together-ai',
    dialect: 'together',
    speaks: 'together',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const client = new Together({ apiKey: token, baseURL: `${url}/v1` });
      const { results } = await client.rerank.create({
        model: MODEL,
        query,
        documents: [...documents],
        return_documents: echo ?? false,
        ...(topN === undefined ? {} : { top_n: topN }),
      });
      return results.map(({ index, relevance_score: score, document }) => ({
        index,
        score,
        document: textOf(document),
      }));
    },
  },
  {
    name: '@pinecone-database/pinecone',
    dialect: 'pinecone',
    speaks: 'pinecone',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const client = new Pinecone({ apiKey: token, controllerHostUrl: url });
      const { data } = await client.inference.rerank({
        model: MODEL,
        query,
        documents: [...documents],
        returnDocuments: echo ?? false,
        ...withTopN(topN),
      });
      return data.map(({ index, score, document }) => ({ index, score, document: textOf(document) }));
    },
  },
  {
    name: '@elastic/elasticsearch',
    dialect: 'elasticsearch',
    speaks: 'elasticsearch',
    echoes: true,
    async rerank({ url, token, query, documents, topN, echo }) {
      const client = new ElasticClient({ node: url, auth: { apiKey: token } });
      try {
        const { rerank: results } = await client.inference.rerank({
          inference_id: 'my-reranker',
          query,
          input: [...documents],
          return_documents: echo ?? false,
          ...(topN === undefined ? {} : { top_n: topN }),
        });
        return results.map(({ index, relevance_score: score, text }) => ({ index, score, document: text }));
      } finally {
        await client.close();
      }
    },
  },
];

/** The caller's token is the session token; the signature says nothing here. */
const aws = ({ url, token }: Ask) => ({
  region: 'us-west-2',
  endpoint: url,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-secret', sessionToken: token },
  requestHandler: new NodeHttpHandler(),
});
const ARN = 'arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0';

interface CohereBody {
  readonly results: readonly { index: number; relevance_score: number; document?: unknown }[];
}
function bodyAnswers(bytes: Uint8Array): Answer[] {
  const { results } = JSON.parse(Buffer.from(bytes).toString('utf8')) as CohereBody;
  return results.map(({ index, relevance_score: score, document }) => ({
    index,
    score,
    document: textOf(document),
  }));
}
function cohereBody({ query, documents, topN, echo }: Ask): string {
  return JSON.stringify({ query, documents, top_n: topN, return_documents: echo });
}

const amazon: readonly SdkClient[] = [
  {
    name: '@aws-sdk/client-bedrock-agent-runtime',
    dialect: 'bedrock',
    speaks: 'bedrock',
    echoes: false,
    async rerank(ask) {
      const { query, documents, topN } = ask;
      const { results = [] } = await new BedrockAgentRuntimeClient(aws(ask)).send(
        new RerankCommand({
          queries: [{ type: 'TEXT', textQuery: { text: query } }],
          sources: documents.map((text) => ({
            type: 'INLINE',
            inlineDocumentSource: { type: 'TEXT', textDocument: { text } },
          })),
          rerankingConfiguration: {
            type: 'BEDROCK_RERANKING_MODEL',
            bedrockRerankingConfiguration: {
              modelConfiguration: { modelArn: ARN },
              ...(topN === undefined ? {} : { numberOfResults: topN }),
            },
          },
        }),
      );
      return results.map(({ index = -1, relevanceScore: score = Number.NaN }) => ({ index, score }));
    },
  },
  {
    name: '@aws-sdk/client-bedrock-runtime',
    dialect: 'bedrock',
    speaks: 'bedrock',
    echoes: true,
    async rerank(ask) {
      const { body } = await new BedrockRuntimeClient(aws(ask)).send(
        new InvokeModelCommand({
          modelId: 'cohere.rerank-v3-5:0',
          contentType: 'application/json',
          body: cohereBody(ask),
        }),
      );
      return bodyAnswers(body);
    },
  },
  {
    name: '@aws-sdk/client-sagemaker-runtime',
    dialect: 'sagemaker',
    speaks: 'sagemaker',
    echoes: true,
    async rerank(ask) {
      const { Body } = await new SageMakerRuntimeClient(aws(ask)).send(
        new InvokeEndpointCommand({
          EndpointName: 'reranker',
          ContentType: 'application/json',
          Body: cohereBody(ask),
        }),
      );
      return bodyAnswers(Body ?? new Uint8Array());
    },
  },
];

const python = (script: string, client: Omit<SdkClient, 'rerank' | 'close'>): SdkClient => ({
  ...client,
  ...createChild(PYTHON, [join(import.meta.dirname, 'clients.py'), script]),
});

/** Clients of Python, in the environment that `python.ts` makes. */
export const PYTHON_CLIENTS: readonly SdkClient[] = [
  python('cohere-v1', { name: 'cohere v1', dialect: 'cohere-v1', echoes: true }),
  python('cohere-v2', { name: 'cohere v2', dialect: 'cohere-v2', echoes: false }),
  python('langchain-cohere', { name: 'langchain-cohere', dialect: 'cohere-v2', echoes: false }),
  python('llama-index-cohere', { name: 'llama-index Cohere', dialect: 'cohere-v2', echoes: false }),
  python('llama-index-tei', {
    name: 'llama-index TEI',
    dialect: 'tei',
    echoes: false,
    keepsCount: true,
    silent: true,
  }),
  python('rerankers-cohere', {
    name: 'rerankers, Cohere',
    dialect: 'cohere-v1',
    echoes: false,
    silent: true,
  }),
  python('rerankers-jina', {
    name: 'rerankers, Jina',
    dialect: 'jina',
    speaks: 'jina',
    echoes: false,
    silent: true,
  }),
  python('rerankers-mixedbread', {
    name: 'rerankers, Mixedbread',
    dialect: 'mixedbread',
    speaks: 'mixedbread',
    echoes: false,
    silent: true,
  }),
  python('rerankers-tei', { name: 'rerankers, TEI', dialect: 'tei', echoes: false, silent: true }),
  python('voyageai', { name: 'voyageai', dialect: 'voyage', speaks: 'voyage', echoes: false }),
];

/** Official clients, unmodified, each as its users make it; the caller's token is where their API's key goes. */
export const CLIENTS: readonly SdkClient[] = [...cohere, ...mixedbread, ...hosted, ...amazon];
