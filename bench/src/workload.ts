import { readFileSync } from 'node:fs';

/** What one kind of call sends: Cohere v1 with structured documents, echo on, ten results wanted. */
export interface Workload {
  readonly name: string;
  readonly documents: number;
  /** Bodies that differ in their query, so that nothing is decided from memory; senders take turns. */
  readonly bodies: readonly Buffer[];
  /** Bytes of one body, within a few. */
  readonly length: number;
}

const QUERIES = 1_024;

interface Ticket {
  readonly id: string;
  readonly team: string;
  readonly body: string;
}

const WORDS =
  'refund invoice login password export dashboard latency outage contract seat renewal webhook'.split(' ');

function padded(text: string, bytes: number, seed: number): string {
  let result = text;
  for (let at = seed; Buffer.byteLength(result) < bytes; at++) {
    result += `${at % 9 === 0 ? '.\n' : ' '}${WORDS[at % WORDS.length]}`;
  }
  return result;
}

/**
 * Documents made of the example's tickets, all of one team so that no policy drops them: line breaks in every
 * one, non-ASCII in a fifth, personal data in every tenth.
 */
export function createWorkload(ticketsFile: URL, documents: number, bytes: number): Workload {
  const tickets = JSON.parse(readFileSync(ticketsFile, 'utf8')) as Ticket[];
  const own = tickets.filter(({ team }) => team === 'billing');
  const each = Math.floor(bytes / documents);
  const list = Array.from({ length: documents }, (_, place) => {
    const { id, team } = own[place % own.length] as Ticket;
    let text = `Ticket ${place}.\n${place % 5 === 0 ? 'Grüße aus Zürich – naïve café. ' : ''}`;
    if (place % 10 === 0)
      text += 'Write to jane.roe@example.com, card 4111 1111 1111 1111, SSN 514-69-0360. ';
    return { id, team, text: padded(text, each - 60, place) };
  });
  const rest = JSON.stringify({
    documents: list,
    top_n: Math.min(10, documents),
    return_documents: true,
  }).slice(1);
  const count = documents > 100 ? QUERIES / 16 : QUERIES;
  const bodies = Array.from({ length: count }, (_, at) => {
    const query = `invoice ${1000 + at} is wrong after the renewal`;
    return Buffer.from(`{"model":"bm25-lexical","query":"${query}",${rest}`);
  });
  const length = bodies[0]?.length ?? 0;
  return { name: `${documents} documents / ${Math.round(length / 1000)} KB`, documents, bodies, length };
}

/** What the upstream of the bench answers: ten results with echo, about 20 KB. */
export function cannedAnswer(workload: Workload): Buffer {
  const { documents } = JSON.parse(String(workload.bodies[0])) as { documents: unknown[] };
  const results = documents.slice(0, 10).map((document, index) => ({
    index,
    relevance_score: 0.99 - index / 100,
    document,
  }));
  return Buffer.from(JSON.stringify({ id: 'bench', results, meta: { api_version: { version: '1' } } }));
}
