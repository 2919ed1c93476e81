import { createHash } from 'node:crypto';
import {
  type Finding,
  type Identity,
  NO_USAGE,
  type Projection,
  type ResolvedConnection,
  type UsageFacts,
} from '@rankguard/contract';
import type { MatchedRoute, RequestReading, ResponseReading, ServedModel } from '../dialects/index.ts';
import type { FindFindings, SearchedDocument } from '../findings/index.ts';
import type { JsonDocument } from '../json/types.ts';
import { reaches, unionProjection } from '../policy/projection.ts';
import type { DocumentReader, PartialDocument } from './documents.ts';

export { createDocumentReader, type DocumentReader } from './documents.ts';

/** What is known of a call before its body is read. */
export interface CallContext {
  readonly id: string;
  readonly connection: ResolvedConnection;
  readonly matched: MatchedRoute;
  readonly identity: Identity;
  /** The caller's own words on why it asks; null when it says none. */
  readonly justification: string | null;
  readonly dataset: string | null;
  readonly datasetSource: 'fixed' | 'token' | 'header' | 'body' | null;
  /** What the upstream says that it serves, for calls that name no model; absent or null: unknown. */
  readonly served?: ServedModel | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Where facts come from that cost something: asked only when some policy reaches them. */
export interface Signals {
  readonly find: FindFindings;
  /** What the caller did before this call. */
  readonly usage: (call: { readonly dataset: string | null; readonly model: string | null }) => UsageFacts;
}

/** No findings and no usage: for facts that are not those of a call on its way. */
export const NO_SIGNALS: Signals = { find: () => [], usage: () => NO_USAGE };

/**
 * Facts that some policy can reach. Members nobody reaches are missing from documents and results;
 * all others are there, so that facts stay total for whoever looks.
 */
export interface GatheredFacts {
  readonly value: Record<string, unknown>;
  /** By the caller's index; what the response phase joins results with. */
  readonly documents: readonly PartialDocument[];
}

function branch(projection: Projection, ...path: string[]): Projection | undefined {
  let at: Projection | undefined = projection;
  for (const member of path) {
    if (at === undefined || at === true) return at;
    at = at[member];
  }
  return at;
}

const SEARCHED: Projection = { index: true, text: true, fields: true };

/** What must be read of each candidate: for itself, and to join it with its result. */
function wantedOfDocuments(projection: Projection): Projection | undefined {
  const read = branch(projection, 'request', 'documents', '*');
  // Whoever reaches the findings has every text looked at.
  const own = reaches(projection, ['findings']) ? unionProjection(read ?? {}, SEARCHED) : read;
  const joined = branch(projection, 'response', 'results', '*');
  if (joined === undefined) return own;
  const { id, fields }: Partial<Record<string, Projection>> =
    joined === true ? { id: true, fields: true } : joined;
  const needed = { ...(id === undefined ? {} : { id }), ...(fields === undefined ? {} : { fields }) };
  return unionProjection(own ?? {}, needed);
}

function timeFacts(now: number): Record<string, number> {
  const date = new Date(now);
  return { unix: Math.floor(now / 1000), weekday: date.getUTCDay(), hour: date.getUTCHours() };
}

const NO_RESPONSE = { status: 0, results: [], rows: 0, bytes: 0 };

function sharedFacts(context: CallContext): Record<string, unknown> {
  const { connection, matched } = context;
  return {
    phase: 'request',
    connection: {
      namespace: connection.namespace,
      name: connection.name,
      listener: 'ingress',
      direction: 'ingress',
      protocol: 'http',
      dialect: matched.dialect.name,
    },
    identity: context.identity,
    sql: { statements: [] },
    vector: { collection: null, scope: null, filter: null, limit: null },
    response: NO_RESPONSE,
    findings: [],
    usage: NO_USAGE,
  };
}

/** Four bytes of text are about one token: good enough to compare calls, not to bill them. */
const BYTES_PER_TOKEN = 4;
/** Hosted rerank APIs charge one search unit for up to this many documents (docs.cohere.com, pricing). */
const DOCUMENTS_PER_SEARCH_UNIT = 100;

/** Search units of a call with this many candidates. */
export function costEstimate(documents: number): number {
  return Math.ceil(documents / DOCUMENTS_PER_SEARCH_UNIT);
}

/** Gathers the facts of the request phase. `reading` is null for a route without a body. */
export function requestFacts(
  context: CallContext,
  document: JsonDocument | null,
  reading: RequestReading | null,
  reader: DocumentReader,
  projection: Projection,
  signals: Signals,
): GatheredFacts {
  const wanted = wantedOfDocuments(projection);
  const documents: PartialDocument[] = [];
  let count = 0;
  if (document !== null && reading !== null) {
    for (const part of reading.parts) {
      for (const token of part.contents ?? part.candidates) {
        if (wanted !== undefined) documents.push(reader.read(document, token, count, wanted));
        count++;
      }
    }
  }
  const bytes = document?.bytes.length ?? 0;
  const listed = wanted === undefined ? Array.from({ length: count }, () => ({})) : documents;
  const value = sharedFacts(context);
  const model = modelOf(context, reading);
  const query = queryOf(reading);
  if (reaches(projection, ['findings'])) value['findings'] = findingsOf(signals, query, documents, reading);
  if (reaches(projection, ['usage'])) value['usage'] = signals.usage({ dataset: context.dataset, model });
  value['request'] = {
    id: context.id,
    session: null,
    time: timeFacts(context.now),
    method: context.matched.route.method,
    path: context.matched.route.path,
    operation: context.matched.route.operation,
    model,
    model_version: reading?.modelVersion ?? modelVersion(context, model),
    dataset: context.dataset,
    dataset_source: context.datasetSource,
    query,
    documents: listed,
    counts: { documents: count, bytes, tokens_estimate: Math.ceil(bytes / BYTES_PER_TOKEN) },
    top_n: reading?.topN ?? null,
    cost_estimate: costEstimate(count),
    digest: branch(projection, 'request', 'digest') === undefined ? '' : digestOf(document?.bytes),
    justification: context.justification,
  };
  return { value, documents };
}

function findingsOf(
  { find }: Signals,
  query: string | null,
  documents: readonly PartialDocument[],
  reading: RequestReading | null,
): readonly Finding[] {
  const rankings = (reading?.parts ?? []).flatMap(({ candidates }, ranking) => candidates.map(() => ranking));
  const searched = documents.map(({ index = 0, text = '', fields = {} }, at): SearchedDocument => {
    return { index, text, fields, ranking: rankings[at] ?? 0 };
  });
  return find({ query, documents: searched });
}

function queryOf(reading: RequestReading | null): string | null {
  const queries = (reading?.parts ?? []).flatMap(({ query }) => (query === null ? [] : [query]));
  return queries.length === 0 ? null : queries.join('\n');
}

/** The model that the call names, else the one that the upstream says it serves; null: nobody says. */
export function modelOf(
  { served }: Pick<CallContext, 'served'>,
  reading: RequestReading | null,
): string | null {
  return reading?.model ?? served?.name ?? null;
}

/** As the connection declares it, else as the upstream says of this very model. */
function modelVersion({ connection, served }: CallContext, model: string | null): string | null {
  const declared = connection.models?.find(({ name }) => name === model)?.version;
  return declared ?? (served?.name === model ? served.version : null);
}

function digestOf(bytes: Buffer | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}

/**
 * The facts of the response phase: those of the request, and the results in the caller's numbering.
 * `kept` maps the upstream's numbering to the caller's, over all parts in order.
 */
export function responseFacts(
  request: GatheredFacts,
  response: { readonly status: number; readonly bytes: number },
  reading: ResponseReading | null,
  kept: readonly (readonly number[])[],
): Record<string, unknown> {
  const results: unknown[] = [];
  for (const [place, part] of (reading?.parts ?? []).entries()) {
    for (const [rank, result] of part.results.entries()) {
      const index = kept[place]?.[result.index] ?? -1;
      const joined = request.documents[index];
      results.push({
        index,
        id: joined?.id ?? null,
        rank,
        score: result.score,
        fields: joined?.fields ?? {},
      });
    }
  }
  return {
    ...request.value,
    phase: 'response',
    response: { status: response.status, results, rows: results.length, bytes: response.bytes },
  };
}
