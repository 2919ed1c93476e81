import { createInterface } from 'node:readline';
import { createCohere } from '@ai-sdk/cohere';
import { rerank } from 'ai';
import type { Ask } from './clients.ts';

/** Calls by the AI SDK, which does not load inside Jest's modules; see `child.ts`. */
async function call({ url, token, query, documents, topN }: Ask): Promise<unknown> {
  const provider = createCohere({ baseURL: `${url}/v2`, apiKey: token });
  try {
    const { ranking } = await rerank({
      model: provider.reranking('rerank-v3.5'),
      query,
      documents: [...documents],
      ...(topN === undefined ? {} : { topN }),
    });
    const answers = ranking.map(({ originalIndex, score, document }) => {
      if (document !== documents[originalIndex]) throw new Error('another document than named');
      return { index: originalIndex, score };
    });
    return { answers };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await call(JSON.parse(line) as Ask))}\n`);
}
