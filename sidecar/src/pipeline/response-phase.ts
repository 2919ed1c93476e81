import { REASONS } from '@rankguard/contract';
import type { ResponseReading, ResultsPart, SentPart } from '../dialects/index.ts';
import { rankingsOf } from '../displacement/index.ts';
import { responseFacts } from '../facts/index.ts';
import { decodeBody } from '../forward/encoding.ts';
import type { UpstreamResponse } from '../forward/index.ts';
import { rearrangeElements } from '../json/rearrange.ts';
import { splice } from '../json/splice.ts';
import type { Edit, JsonDocument } from '../json/types.ts';
import type { Place } from '../masking/index.ts';
import { reaches } from '../policy/index.ts';
import { attributeOf, planRanking, type RankPlan, rank } from '../ranking/index.ts';
import type { Shown } from '../usage/index.ts';
import { callerHeaders, rankingHeader } from './headers.ts';
import { ownIds } from './ids.ts';
import { type Answer, type Refusal, refusalAnswer, refuse } from './refusal.ts';
import { decideOn, type Judged, maskerFor, type RequestCall, refusalOf } from './request-phase.ts';
import { addCounts, lap } from './trace.ts';

const JSON_TYPE = ['Content-Type', 'application/json'];
const TEXT_TYPE = ['Content-Type', 'text/plain; charset=utf-8'];

/** Undoes the content encoding of an answer; upstreams send one although `identity` was asked for. */
export async function decodeResponse(
  call: RequestCall,
  response: UpstreamResponse,
  reserve: (bytes: number) => boolean,
): Promise<Buffer | Refusal> {
  const { responseBytes } = call.active.bundle.connection.limits;
  const coding = response.headers.get('content-encoding')?.join(',');
  const decoded = await decodeBody(response.body, coding, { maxBytes: responseBytes, reserve });
  return decoded.ok ? decoded.body : refuse(UNDECODED[decoded.why]);
}

const UNDECODED = { encoding: 'UPSTREAM_ENCODING', size: 'UPSTREAM_TOO_LARGE', room: 'BUFFER_FULL' } as const;

/** Judges, repairs and masks the upstream's answer. Synchronous, for the reason given in `judgeRequest`. */
export function judgeResponse(
  call: RequestCall,
  judged: Judged,
  response: UpstreamResponse,
  body: Buffer,
): Answer | Refusal {
  const { status } = response;
  if (status < 200 || (status >= 300 && status < 400) || status > 599) {
    return refuse('UPSTREAM_SHAPE', `the reranker answered ${status}, which is no answer of this API`);
  }
  if (status >= 400) return errorAnswer(call, judged, response, body);
  let at = performance.now();
  const read = call.active.reader.read(body);
  if (!read.ok) return refuse('UPSTREAM_MALFORMED', `the reranker's answer: ${read.message}`);
  const { document } = read;
  const { dialect, route } = call.matched;
  const reading = route.method === 'POST' ? dialect.readResponse(document, route, sentParts(judged)) : null;
  if (reading !== null && !reading.ok)
    return refuse(reading.code, `the reranker's answer: ${reading.message}`);
  call.trace.results = reading?.parts.reduce((sum, part) => sum + part.results.length, 0) ?? 0;
  if (judged.sample !== null && reading !== null) judged.sample.rankings = rankingsOf(reading);
  at = lap(call.trace, 'recognise', at);
  const decided = decideResponse(call, judged, response, reading, body.length);
  at = lap(call.trace, 'decide', at);
  if ('refused' in decided) return decided;
  const places = { queries: [], documents: [], results: resultPlaces(reading, judged) };
  const masker = maskerFor(call, 'response');
  const masked = masker.json(document, places, decided.mask);
  addCounts(call.trace.masked, masked.counts);
  const own = judged.issued === null ? masked.edits : masker.restore(document, judged.issued, masked.edits);
  const edits = reading === null ? own : arrange(call, document, reading, judged, decided, own);
  if ('refused' in edits) return edits;
  const answer = splice(body, edits);
  lap(call.trace, 'act', at);
  const headers = [
    ...passedHeaders(call, response),
    ...rankingHeader(call.active, call.trace.ranking),
    ...JSON_TYPE,
  ];
  return { status, headers, body: answer };
}

/** What the upstream was sent of each ranking. */
export function sentParts({ kept, offsets, ids }: Pick<Judged, 'kept' | 'offsets' | 'ids'>): SentPart[] {
  return kept.map((indices, place) => ({
    count: indices.length,
    ids: ids[place] && indices.map((index) => ids[place]!.sent[index - offsets[place]!]!),
  }));
}

interface Decided {
  readonly mask: Judged['obligations']['mask'];
  readonly dropped: ReadonlySet<number>;
  /** null: no rank verb. */
  readonly ranking: RankPlan | null;
}

function decideResponse(
  call: RequestCall,
  judged: Judged,
  response: UpstreamResponse,
  reading: ResponseReading | null,
  bytes: number,
): Decided | Refusal {
  const { mask, drop } = judged.obligations;
  const dropped = new Set(drop.map(({ index }) => index));
  if (!call.active.policies.seesResponse) return planned(mask, dropped, judged.obligations.rank);
  const facts = responseFacts(judged.facts, { status: response.status, bytes }, reading, judged.kept);
  const verdict = decideOn(call, facts, 'response');
  if (verdict.kind !== 'allow') return refusalOf(verdict);
  for (const { index } of verdict.obligations.drop) dropped.add(index);
  const verbs = [...judged.obligations.rank, ...verdict.obligations.rank];
  return planned([...mask, ...verdict.obligations.mask], dropped, verbs);
}

function planned(
  mask: Decided['mask'],
  dropped: Decided['dropped'],
  verbs: Judged['obligations']['rank'],
): Decided | Refusal {
  const ranking = planRanking(verbs);
  if (ranking === null || !('conflict' in ranking)) return { mask, dropped, ranking };
  const reason = { code: 'POLICY_FAULT', message: ranking.conflict, policy: ranking.policy } as const;
  return { refused: true, reason };
}

/**
 * Gives every result the caller's own index back, removes results of dropped candidates, and does what the rank
 * verbs say; `edits` inside results travel with them.
 */
function arrange(
  { active, trace }: RequestCall,
  document: JsonDocument,
  reading: ResponseReading,
  judged: Judged,
  { dropped, ranking: plan }: Decided,
  edits: readonly Edit[],
): Edit[] | Refusal {
  const ids = reading.parts.flatMap((part, place) => ownIdsOf(document, part, judged, place));
  let result = [...ids, ...edits, ...topNEdits(document, reading, judged)];
  const exposed = reaches(active.policies.projection, ['usage', 'exposure']);
  // All results were asked for, so that the verbs could choose; the caller gets as many as it wants.
  const most = active.policies.mixesResults && judged.topN !== null ? judged.topN : Number.POSITIVE_INFINITY;
  const groupOf = (index: number, by: string) => attributeOf(judged.facts.documents[index], by);
  for (const [place, part] of reading.parts.entries()) {
    const kept = judged.kept[place] ?? [];
    result.push(...ownIndices(document, part, kept, judged.offsets[place] ?? 0));
    const ranked = part.results
      .map(({ index, score }, at) => ({ place: at, index: kept[index] ?? -1, score }))
      .filter(({ index }) => !dropped.has(index));
    const ranking =
      plan === null ? { order: ranked.map((one) => one.place), effects: [] } : rank(ranked, plan, groupOf);
    trace.ranking.push(...ranking.effects);
    const order = ranking.order.slice(0, most);
    trace.handedOut += order.length;
    if (exposed) trace.shown.push(...shownIn(part, order, kept, judged));
    const unchanged = order.length === part.results.length && order.every((from, to) => from === to);
    if (unchanged) continue;
    if (part.positional) return refuse('RANKING_FIXED');
    result = rearrangeElements(document, part.resultsToken, order, result);
  }
  return result;
}

function ownIdsOf(document: JsonDocument, part: ResultsPart, judged: Judged, place: number): Edit[] {
  const offset = judged.offsets[place] ?? 0;
  const kept = (judged.kept[place] ?? []).map((index) => index - offset);
  return ownIds(document, part, judged.ids[place], kept);
}

/** What the caller sees of one ranking, for the exposure of its groups. */
function shownIn(
  part: ResultsPart,
  order: readonly number[],
  kept: readonly number[],
  { facts }: Judged,
): Shown[] {
  return order.map((from, rank) => {
    const index = kept[part.results[from]?.index ?? -1] ?? -1;
    return { rank, fields: facts.documents[index]?.fields ?? {} };
  });
}

function ownIndices(
  document: JsonDocument,
  part: ResultsPart,
  kept: readonly number[],
  offset: number,
): Edit[] {
  if (part.positional) return [];
  return part.results.flatMap(({ index, indexToken }) => {
    const own = (kept[index] ?? 0) - offset;
    if (own === index || indexToken === -1) return [];
    return [{ start: document.start(indexToken), end: document.end(indexToken), with: String(own) }];
  });
}

/** An answer that repeats how many were asked for repeats what the caller asked for. */
function topNEdits(document: JsonDocument, { topNToken = -1 }: ResponseReading, { topN }: Judged): Edit[] {
  if (topNToken === -1 || topN === null || document.raw(topNToken) === String(topN)) return [];
  return [{ start: document.start(topNToken), end: document.end(topNToken), with: String(topN) }];
}

function resultPlaces(reading: ResponseReading | null, judged: Judged) {
  const places: Place[] = [];
  for (const [place, part] of (reading?.parts ?? []).entries()) {
    for (const { index, documentToken, idToken, scoreToken } of part.results) {
      const keep = idToken === undefined ? {} : { keep: [idToken, scoreToken ?? -1] };
      places.push({ index: judged.kept[place]?.[index] ?? -1, token: documentToken, ...keep });
    }
  }
  return places;
}

/** The upstream's own error keeps its status; its body may quote the input, so it is masked or replaced. */
function errorAnswer(
  call: RequestCall,
  judged: Judged,
  response: UpstreamResponse,
  body: Buffer,
): Answer | Refusal {
  const { active, trace } = call;
  const decided = decideResponse(call, judged, response, null, body.length);
  if ('refused' in decided) return decided;
  const headers = passedHeaders(call, response);
  const { status } = response;
  if (body.length === 0) return { status, headers, body };
  const read = active.reader.read(body);
  if (read.ok) {
    const places = { queries: [], documents: [], results: [] };
    const masked = maskerFor(call, 'response').json(read.document, places, decided.mask);
    addCounts(trace.masked, masked.counts);
    return { status, headers: [...headers, ...JSON_TYPE], body: splice(body, masked.edits) };
  }
  const looksLikeJson = /^\s*[{["]/.test(body.subarray(0, 64).toString('latin1'));
  if (!looksLikeJson && isText(body)) {
    const masked = maskerFor(call, 'response').text(body);
    addCounts(trace.masked, masked.counts);
    return { status, headers: [...headers, ...TEXT_TYPE], body: splice(body, masked.edits) };
  }
  const replaced = refusalAnswer(
    refuse('UPSTREAM_ERROR', `the reranker answered ${status} with a body that cannot be read`),
    trace.id,
    call.matched,
  );
  const problem = { ...JSON.parse(replaced.body.toString()), status, title: REASONS.UPSTREAM_ERROR.sentence };
  return { ...replaced, status, body: Buffer.from(JSON.stringify(problem)) };
}

function isText(body: Buffer): boolean {
  const text = body.toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return !/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text);
}

function passedHeaders(call: RequestCall, response: UpstreamResponse): string[] {
  return callerHeaders(response.headers, call.matched.dialect, (value) => call.active.masker.string(value));
}
