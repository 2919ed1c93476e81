import { CohereClient, CohereClientV2 } from 'cohere-ai';
import { generateTickets, type Ticket, toDocument } from '../index.ts';
import type { World } from './world.ts';

/** How a call ended: what a person would want to compare with what was expected. */
export interface Outcome {
  readonly status: number;
  /** The policy's or the catalogue's code of a refusal. */
  readonly code: string | null;
  /** What the client library says about a refusal. */
  readonly explanation: string;
  readonly results: readonly Ranked[];
}

export interface Ranked {
  readonly index: number;
  readonly score: number;
  readonly document: Readonly<Record<string, string>> | null;
}

export const TICKETS: ReadonlyMap<string, Ticket> = new Map(
  generateTickets().map((ticket) => [ticket.id, ticket]),
);

export function ticketsOf(team: string, count: number): readonly Ticket[] {
  return [...TICKETS.values()].filter((ticket) => ticket.team === team).slice(0, count);
}

/** Documents as strings that hold JSON: how TEI and Cohere v2 carry structure. */
export function asText(ticket: Ticket): string {
  return JSON.stringify(toDocument(ticket));
}

interface SdkFailure {
  readonly statusCode?: number;
  readonly body?: unknown;
}

/** Turns the SDK's own exception into an outcome; anything else is a fault of the demo. */
function refused(error: unknown): Outcome {
  const { statusCode, body } = error as SdkFailure;
  if (statusCode === undefined) throw error;
  const members = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  return {
    status: statusCode,
    code: typeof members['code'] === 'string' ? members['code'] : null,
    explanation: `${(error as Error).constructor.name}, status ${statusCode}: ${String(members['message'] ?? body)}`,
    results: [],
  };
}

export interface SdkCall {
  readonly token: string;
  readonly query: string;
  readonly tickets: readonly Ticket[];
  readonly dataset?: string;
  readonly topN?: number;
}

function perCall({ dataset }: SdkCall) {
  return { maxRetries: 0, ...(dataset === undefined ? {} : { headers: { 'X-Dataset': dataset } }) };
}

/** `cohere-ai`, v1: objects as documents, echoed in the answer. */
export async function cohereV1(world: World, call: SdkCall): Promise<Outcome> {
  const client = new CohereClient({ token: call.token, environment: world.sidecar });
  try {
    const documents = call.tickets.map(toDocument);
    const rankFields = ['title', 'text'];
    const answer = await client.rerank(
      {
        query: call.query,
        documents,
        rankFields,
        returnDocuments: true,
        ...(call.topN === undefined ? {} : { topN: call.topN }),
      },
      perCall(call),
    );
    const results = answer.results.map(({ index, relevanceScore, document }) => ({
      index,
      score: relevanceScore,
      document: (document ?? null) as unknown as Ranked['document'],
    }));
    return { status: 200, code: null, explanation: '', results };
  } catch (error) {
    return refused(error);
  }
}

/** `cohere-ai`, v2: strings as documents, no echo. */
export async function cohereV2(world: World, call: SdkCall): Promise<Outcome> {
  const client = new CohereClientV2({ token: call.token, environment: world.sidecar });
  try {
    const answer = await client.rerank(
      {
        model: 'rerank-v3.5',
        query: call.query,
        documents: call.tickets.map(asText),
        ...(call.topN === undefined ? {} : { topN: call.topN }),
      },
      perCall(call),
    );
    const results = answer.results.map(({ index, relevanceScore }) => ({
      index,
      score: relevanceScore,
      document: null,
    }));
    return { status: 200, code: null, explanation: '', results };
  } catch (error) {
    return refused(error);
  }
}

export interface HttpCall {
  readonly url: string;
  readonly token: string | null;
  readonly body: unknown;
}

/** Plain HTTP, as any program without an SDK. */
export async function post({ url, token, body }: HttpCall): Promise<Outcome> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> | readonly TeiRank[];
  if (Array.isArray(answer)) {
    const ranks = answer as readonly TeiRank[];
    const results = ranks.map(({ index, score, text: echo }) => ({
      index,
      score,
      document: echo === undefined ? null : { text: echo },
    }));
    return { status: response.status, code: null, explanation: '', results };
  }
  const members = answer as Record<string, unknown>;
  const code = typeof members['code'] === 'string' ? members['code'] : null;
  return { status: response.status, code, explanation: String(members['detail'] ?? ''), results: [] };
}

interface TeiRank {
  readonly index: number;
  readonly score: number;
  readonly text?: string;
}
