import type { Obligations, Verdict } from '@rankguard/contract';
import type { MatchedRoute, RequestReading } from '../dialects/index.ts';
import { type CallContext, type GatheredFacts, modelOf, requestFacts, type Signals } from '../facts/index.ts';
import { removeElements } from '../json/elements.ts';
import { splice } from '../json/splice.ts';
import { type Edit, type JsonDocument, Kind } from '../json/types.ts';
import type { Issued, Masker, Place, Places } from '../masking/index.ts';
import type { Active } from '../runtime/types.ts';
import { type UsageWindows, usageKey } from '../usage/index.ts';
import type { Sample } from './displacement.ts';
import { type JoinIds, sentIds } from './ids.ts';
import { type Refusal, refuse } from './refusal.ts';
import { addCounts, lap, type Trace } from './trace.ts';

/** What the response phase must know of the request. Nothing in it refers to the body. */
export interface Judged {
  readonly facts: GatheredFacts;
  readonly obligations: Obligations;
  /** For each ranking: the caller's (overall) index of each candidate that is sent, in the order sent. */
  readonly kept: readonly (readonly number[])[];
  /** For each ranking: the overall index of its first candidate. */
  readonly offsets: readonly number[];
  /** For each ranking: the ids of all its candidates, where results name them. */
  readonly ids: readonly (JoinIds | undefined)[];
  /** The dialect and route that the body turned out to be of. */
  readonly matched: MatchedRoute;
  readonly model: string | null;
  /** How many results of each ranking the caller wants; null: all. */
  readonly topN: number | null;
  /** What tokens and surrogates of this call stand for; null: nothing is given back. */
  readonly issued: Issued | null;
  /** The call as it is scored a second time; null: it is not. */
  readonly sample: Sample | null;
}

export interface Forwardable extends Judged {
  readonly refused: false;
  /** null: nothing is left to rank; the dialect's empty answer is sent. */
  readonly body: Buffer | null;
  /** Whether the body is the caller's, byte by byte. */
  readonly unchanged: boolean;
}

export interface RequestCall {
  readonly active: Active;
  readonly matched: MatchedRoute;
  readonly context: CallContext;
  readonly trace: Trace;
  readonly usage: UsageWindows;
  /** Whether the call is scored a second time, masked. */
  readonly sampled?: boolean;
}

/**
 * Reads, recognises, decides and changes one request body. Synchronous: the tape lives in the kernel's memory and
 * the next call takes it over.
 */
export function judgeRequest(call: RequestCall, body: Buffer): Forwardable | Refusal {
  const { active, trace } = call;
  const at = performance.now();
  const read = active.reader.read(body);
  if (!read.ok) return refuse(read.code, read.message);
  const { document } = read;
  const reading = call.matched.dialect.readRequest(document, call.matched.route);
  if (!reading.ok) return refuse(reading.code, reading.message);
  const matched = reading.matched ?? call.matched;
  trace.dialect = matched.dialect.name;
  trace.operation = matched.route.operation;
  const judged = judgeReading({ ...call, matched }, document, reading, at);
  return judged.refused ? { ...judged, matched } : judged;
}

function judgeReading(
  call: RequestCall,
  document: JsonDocument,
  reading: RequestReading,
  began: number,
): Forwardable | Refusal {
  const { active, trace, matched } = call;
  const context = withBodyDataset({ ...call.context, matched }, document);
  if ('refused' in context) return context;
  const outside = outsideConnection(active, reading, trace, context);
  if (outside) return outside;
  const { documents, policies } = active;
  const facts = requestFacts(context, document, reading, documents, policies.projection, signalsOf(call));
  let at = lap(trace, 'recognise', began);
  const verdict = decideOn(call, facts.value, 'request');
  at = lap(trace, 'decide', at);
  if (verdict.kind !== 'allow') return refusalOf(verdict);
  const acted = act(call, document, reading, facts, verdict.obligations);
  lap(trace, 'act', at);
  return acted;
}

/** A route without a body: identity and policy still judge it. */
export function judgeBodiless(call: RequestCall): Forwardable | Refusal {
  const at = performance.now();
  const facts = requestFacts(
    call.context,
    null,
    null,
    call.active.documents,
    call.active.policies.projection,
    signalsOf(call),
  );
  const verdict = decideOn(call, facts.value, 'request');
  lap(call.trace, 'decide', at);
  if (verdict.kind !== 'allow') return refusalOf(verdict);
  return {
    refused: false,
    facts,
    obligations: verdict.obligations,
    kept: [],
    offsets: [],
    ids: [],
    matched: call.matched,
    model: null,
    topN: null,
    issued: null,
    sample: null,
    body: Buffer.alloc(0),
    unchanged: true,
  };
}

function signalsOf({ active, usage, context: { connection, identity } }: RequestCall): Signals {
  return { find: active.find, usage: (asked) => usage.read(usageKey(connection, identity), asked) };
}

export function decideOn(call: RequestCall, facts: unknown, phase: 'request' | 'response'): Verdict {
  const decision = call.active.policies.decide(facts, phase);
  for (const entry of decision.shadow) call.trace.shadow.push(entry);
  for (const entry of decision.disagreements) {
    // Both phases can say the same; a call is counted once.
    const known = call.trace.disagreements.some(
      ({ policy, would }) => policy === entry.policy && would === entry.would,
    );
    if (!known) call.trace.disagreements.push(entry);
  }
  return withKey(call.active, decision.verdict);
}

/** A mask that needs the profile's key where the profile has none is a fault of the policy that asks for it. */
function withKey({ bundle }: Active, verdict: Verdict): Verdict {
  if (verdict.kind !== 'allow' || bundle.masking.tokenKey !== null) return verdict;
  const keyed = verdict.obligations.mask.find((item) => item.with === 'token' || item.with === 'surrogate');
  if (keyed === undefined) return verdict;
  const message = `a mask asks for ${keyed.with}, and the profile has no tokenKey`;
  return { kind: 'deny', reason: { code: 'POLICY_FAULT', message, policy: keyed.policy }, others: [] };
}

export function refusalOf(verdict: Exclude<Verdict, { kind: 'allow' }>): Refusal {
  // No approval path exists yet, so a hold can only end in a denial (policy check refuses `hold` as well).
  return { refused: true, reason: verdict.reason };
}

function withBodyDataset(context: CallContext, document: JsonDocument): CallContext | Refusal {
  const source = context.connection.dataset;
  if (source?.from !== 'body' || document.kind(0) !== Kind.Object) return context;
  const token = document.get(0, source.name);
  if (token === -1 || document.isNull(token)) return context;
  if (document.kind(token) !== Kind.String) return refuse('BODY_SHAPE', `${source.name} must be a string`);
  return { ...context, dataset: document.string(token), datasetSource: 'body' };
}

/** What the connection itself refuses, before any policy is asked. */
function outsideConnection(
  active: Active,
  reading: RequestReading,
  trace: Trace,
  context: CallContext,
): Refusal | undefined {
  const { models, limits } = active.bundle.connection;
  trace.model = modelOf(context, reading);
  trace.dataset = context.dataset;
  trace.documents = reading.parts.reduce((sum, part) => sum + part.candidates.length, 0);
  if (trace.documents > limits.documents) {
    return refuse('TOO_MANY_DOCUMENTS', `${trace.documents} documents; the limit is ${limits.documents}`);
  }
  if (models !== null && reading.model !== null && !models.some(({ name }) => name === reading.model)) {
    return refuse('MODEL_NOT_ALLOWED');
  }
  return undefined;
}

function act(
  call: RequestCall,
  document: JsonDocument,
  reading: RequestReading,
  facts: GatheredFacts,
  obligations: Obligations,
): Forwardable | Refusal {
  const { active, trace } = call;
  const dropped = new Set(obligations.drop.map(({ index }) => index));
  const plan = planParts(reading, dropped, obligations);
  if ('refused' in plan) return plan;
  const { kept, offsets } = plan;
  trace.dropped = trace.documents - kept.reduce((sum, part) => sum + part.length, 0);
  if (trace.dropped > 0 && call.matched.route.order === 'given') return refuse('RANKING_FIXED');
  const ids = reading.parts.map((part) => sentIds(document, part, []).ids);
  const { model, topN } = reading;
  const { matched } = call;
  const issued: Issued | null = active.bundle.masking.restore === true ? new Map() : null;
  const judged = {
    refused: false,
    facts,
    obligations,
    kept,
    offsets,
    ids,
    matched,
    model,
    topN,
    issued,
    sample: null,
  } as const;
  const empty = kept.filter((part) => part.length === 0).length;
  if (empty === kept.length) return { ...judged, body: null, unchanged: false };
  if (empty > 0) {
    return refuse('NOT_ALLOWED', 'one of the rankings has no candidate left; send it in a call of its own');
  }
  const edits = dropEdits(document, reading, kept, offsets);
  edits.push(...topNEdits(document, reading, kept, active.policies.mixesResults));
  const sample = call.sampled === true ? sampleOf(call, document, reading, obligations, edits) : null;
  if (active.bundle.masking.order !== 'mask-then-score') {
    return finished(document, { ...judged, sample }, edits);
  }
  const masked = maskedRequest(call, document, reading, obligations, issued);
  addCounts(trace.masked, masked.counts);
  return finished(document, { ...judged, sample, ids: masked.ids }, [...edits, ...masked.edits]);
}

function finished(document: JsonDocument, judged: Judged, edits: readonly Edit[]): Forwardable {
  const body = splice(document.bytes, edits);
  return { ...judged, refused: false, body, unchanged: body === document.bytes };
}

/** What masking makes of a request: its edits, and the ids by which results then name candidates. */
function maskedRequest(
  call: RequestCall,
  document: JsonDocument,
  reading: RequestReading,
  { mask }: Obligations,
  issued: Issued | null,
) {
  const options = issued === null ? {} : { issued };
  const masked = maskerFor(call, 'request').json(document, requestPlaces(reading), mask, options);
  const joined = reading.parts.map((part) => sentIds(document, part, masked.edits));
  const edits = [...joined.flatMap((part) => part.edits), ...masked.edits];
  return { edits, ids: joined.map(({ ids }) => ids), counts: masked.counts };
}

/** The call as mask-then-score would send it. Nothing is counted: nobody gets it but the upstream. */
function sampleOf(
  call: RequestCall,
  document: JsonDocument,
  reading: RequestReading,
  obligations: Obligations,
  edits: readonly Edit[],
): Sample {
  const { edits: masks, ids } = maskedRequest(call, document, reading, obligations, null);
  const body = masks.length === 0 ? null : splice(document.bytes, [...edits, ...masks]);
  return { body, ids, rankings: null };
}

/** The masker of the rules that apply to this caller. */
export function maskerFor({ active, context }: RequestCall, direction: 'request' | 'response'): Masker {
  return active.maskers({ direction, groups: context.identity.groups });
}

/** Which candidates stay, in the caller's overall numbering; or the denial of a limit that does not truncate. */
function planParts(
  reading: RequestReading,
  dropped: ReadonlySet<number>,
  { limit }: Obligations,
): { kept: number[][]; offsets: number[] } | Refusal {
  const kept: number[][] = [];
  const offsets: number[] = [];
  let next = 0;
  let total = 0;
  for (const part of reading.parts) {
    offsets.push(next);
    const indices = part.candidates.map((_, place) => next + place).filter((index) => !dropped.has(index));
    next += part.candidates.length;
    const room = limit?.truncate === true ? Math.max(0, limit.documents - total) : indices.length;
    kept.push(indices.slice(0, room));
    total += Math.min(room, indices.length);
  }
  if (limit !== null && !limit.truncate && total > limit.documents) {
    const message = `${total} documents; the policy's limit is ${limit.documents}`;
    return { refused: true, reason: { code: 'LIMIT_EXCEEDED', message, policy: limit.policy } };
  }
  return { kept, offsets };
}

function dropEdits(
  document: JsonDocument,
  reading: RequestReading,
  kept: readonly (readonly number[])[],
  offsets: readonly number[],
): Edit[] {
  const edits: Edit[] = [];
  for (const [place, part] of reading.parts.entries()) {
    const staying = new Set(kept[place]);
    if (staying.size === part.candidates.length) continue;
    const offset = offsets[place] ?? 0;
    edits.push(...removeElements(document, part.documentsToken, (index) => !staying.has(offset + index)));
  }
  return edits;
}

/** Not more results than candidates that are left; as many where rank verbs choose among all of them. */
function topNEdits(
  document: JsonDocument,
  { topN, topNToken, parts }: RequestReading,
  kept: readonly (readonly number[])[],
  all: boolean,
): Edit[] {
  if (topN === null) return [];
  const most = Math.max(...kept.map((part) => part.length));
  const dropped = parts.some(({ candidates }, place) => candidates.length !== kept[place]?.length);
  if (!(topN > most && dropped) && !(topN < most && all)) return [];
  return [{ start: document.start(topNToken), end: document.end(topNToken), with: String(most) }];
}

function requestPlaces({ parts }: RequestReading): Places {
  const documents: Place[] = [];
  for (const { contents, candidates, idTokens } of parts) {
    for (const [place, token] of (contents ?? candidates).entries()) {
      const index = documents.length;
      documents.push(idTokens === undefined ? { index, token } : { index, token, keep: [idTokens[place]!] });
    }
  }
  return { queries: parts.map(({ queryToken }) => queryToken), documents, results: [] };
}
