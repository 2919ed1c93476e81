import { appendFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { createReranker, type JournalEntry, SPEECHES, type SpeechName } from './index.ts';

const USAGE = `A lexical reranker (BM25, no language model) that speaks TEI and Cohere v1 and v2.

  node -C source examples/support-search/src/reranker/main.ts [--port 3000] [--hostname 0.0.0.0]
      [--speaks vllm|jina|…] [--api-key KEY] [--scorer bm25|fixed] [--journal FILE]

Environment, as TEI reads it: PORT, HOSTNAME, API_KEY, MAX_CLIENT_BATCH_SIZE, PAYLOAD_LIMIT; flags win.
--speaks NAME speaks another API instead: ${Object.keys(SPEECHES).join(', ')}.
--scorer fixed answers at once in the caller's order (for benchmarks).
--journal FILE appends each received body as a line of JSON (for proofs; it holds what callers sent).
`;

function log(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number)) return number;
  throw new Error(`${name} must be a whole number, not ${JSON.stringify(value)}`);
}

function isSpeech(name: string): name is SpeechName {
  return Object.hasOwn(SPEECHES, name);
}

/** Kubernetes sets HOSTNAME to the pod's name, which TEI takes for no address and binds every one. */
function addressIn(hostname: string | undefined): string {
  return hostname !== undefined && isIP(hostname) !== 0 ? hostname : '0.0.0.0';
}

function readSettings(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', short: 'p' },
      hostname: { type: 'string' },
      'api-key': { type: 'string' },
      'max-client-batch-size': { type: 'string' },
      'payload-limit': { type: 'string' },
      scorer: { type: 'string', default: 'bm25' },
      speaks: { type: 'string' },
      journal: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { scorer } = values;
  if (scorer !== 'bm25' && scorer !== 'fixed') throw new Error('--scorer must be bm25 or fixed');
  const { speaks } = values;
  if (speaks !== undefined && !isSpeech(speaks)) {
    throw new Error(`--speaks must be one of ${Object.keys(SPEECHES).join(', ')}`);
  }
  return {
    help: values.help === true,
    port: wholeNumber('PORT', values.port ?? env['PORT'] ?? '3000'),
    hostname: values.hostname ?? addressIn(env['HOSTNAME']),
    apiKey: values['api-key'] ?? env['API_KEY'] ?? null,
    batchSize: wholeNumber(
      'MAX_CLIENT_BATCH_SIZE',
      values['max-client-batch-size'] ?? env['MAX_CLIENT_BATCH_SIZE'] ?? '1000',
    ),
    payloadLimit: wholeNumber(
      'PAYLOAD_LIMIT',
      values['payload-limit'] ?? env['PAYLOAD_LIMIT'] ?? String(16 * 1024 * 1024),
    ),
    scorer,
    speaks,
    journal: values.journal ?? null,
  } as const;
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings.help) {
    process.stdout.write(USAGE);
    return;
  }
  const { journal } = settings;
  const reranker = createReranker({
    scorer: settings.scorer,
    apiKey: settings.apiKey,
    ...(settings.speaks === undefined ? {} : { speaks: settings.speaks }),
    maxClientBatchSize: settings.batchSize,
    payloadLimit: settings.payloadLimit,
    // Written before the answer goes out: whoever has the answer finds the line.
    ...(journal === null
      ? {}
      : { journal: (entry: JournalEntry) => appendFileSync(journal, `${JSON.stringify(entry)}\n`) }),
    // A line per call would be most of a benchmark's cost.
    ...(settings.scorer === 'fixed' ? {} : { log }),
  });
  const url = await reranker.listen(settings.port, settings.hostname);
  log({ message: 'ready', url, scorer: settings.scorer === 'bm25' ? 'lexical (BM25)' : 'fixed (benchmark)' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void reranker.close());
  }
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
