import { text } from 'node:stream/consumers';
import { createCohere } from '@ai-sdk/cohere';
import { rerank } from 'ai';
import type { Ask } from './clients.ts';

/** One call by the AI SDK, which does not load inside Jest's modules; see `child.ts`. */
async function main(): Promise<void> {
  const { url, token, query, documents, topN } = JSON.parse(await text(process.stdin)) as Ask;
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
    process.stdout.write(JSON.stringify({ answers }));
  } catch (error) {
    process.stdout.write(JSON.stringify({ error: (error as Error).message }));
  }
}

await main();
