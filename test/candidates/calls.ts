import {
  ANONYMOUS,
  type Bundle,
  type DropObligation,
  type LimitObligation,
  NO_OBLIGATIONS,
  type Obligations,
  type ResolvedMasking,
} from '@rankguard/contract';
import { createRouter } from '@rankguard/sidecar/dialects';
import { createDocumentReader, NO_SIGNALS } from '@rankguard/sidecar/facts';
import { createJsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker, createMaskers } from '@rankguard/sidecar/masking';
import type { PolicySet } from '@rankguard/sidecar/policy';
import type { Active } from '@rankguard/sidecar/runtime';
import { createUsageWindows } from '@rankguard/sidecar/usage';
import { judgeRequest, type RequestCall } from '../../sidecar/src/pipeline/request-phase.ts';
import { judgeResponse } from '../../sidecar/src/pipeline/response-phase.ts';
import { createTrace } from '../../sidecar/src/pipeline/trace.ts';

const kernel = createKernel();
const createReader = () => createJsonReader({ kernel: createKernel() });
const router = createRouter(['tei', 'cohere-v1', 'cohere-v2']);
export const MASKING: ResolvedMasking = {
  order: 'score-then-mask',
  fields: [],
  detectors: [],
  tokenKey: null,
};

/** What the policies oblige to, in either phase. */
export interface Said {
  readonly request: Obligations;
  readonly response: Obligations;
  /** Response facts that the policies were shown. */
  readonly seen?: { facts?: Record<string, unknown> };
}

function policiesThatSay(said: Said): PolicySet {
  return {
    projection: true,
    seesResponse: true,
    mixesResults: false,
    decide(facts, phase) {
      if (phase === 'response' && said.seen) said.seen.facts = facts as Record<string, unknown>;
      return {
        verdict: { kind: 'allow', by: ['p'], obligations: said[phase] },
        shadow: [],
        disagreements: [],
      };
    },
    warm() {},
  };
}

const TOKEN_KEY = Buffer.from('0123456789abcdef');

function activeWith(policies: PolicySet, masking = MASKING): Active {
  const limits = { documents: 100_000, requestBytes: 1e9, responseBytes: 1e9, bufferedBytes: 1e9 };
  const connection = { namespace: 'shop', name: 'search', models: null, dataset: null, limits };
  const create = (rules: ResolvedMasking) =>
    createMasker({ kernel, createReader, masking: rules, tokenKey: rules.tokenKey && TOKEN_KEY });
  const active: Partial<Active> = {
    bundle: { connection, masking } as unknown as Bundle,
    reader: createJsonReader({ kernel }),
    documents: createDocumentReader(createReader()),
    find: NO_SIGNALS.find,
    policies,
    masker: create(masking),
    maskers: createMaskers(masking, create),
  };
  return active as Active;
}

/** A call in the phases of the real pipeline; only the policies are made up. */
export function callOf(
  path: string,
  said: Said,
  masking?: ResolvedMasking,
  { match }: Pick<Active, 'match'> = router,
): RequestCall {
  const matched = match('POST', path)!;
  const active = activeWith(policiesThatSay(said), masking);
  const { connection } = active.bundle;
  const context = {
    id: 'call-1',
    connection,
    matched,
    identity: ANONYMOUS,
    dataset: null,
    datasetSource: null,
    justification: null,
  };
  const trace = createTrace('call-1', 'POST', path);
  const usage = createUsageWindows({ now: () => 0 });
  return { active, matched, context: { ...context, now: 0 }, trace, usage };
}

export const drops = (indices: readonly number[]): DropObligation[] =>
  indices.map((index) => ({ index, reason: 'NOT_AUTHORISED', policy: 'p' }));
export const keep = (limit: LimitObligation | null = null): Said => ({
  request: { ...NO_OBLIGATIONS, limit },
  response: NO_OBLIGATIONS,
});

/** The body that is sent; null: nothing is left to rank. Or the refusal. */
export function sentWith(path: string, body: string, said: Said, masking?: ResolvedMasking): string | null {
  const judged = judgeRequest(callOf(path, said, masking), Buffer.from(body));
  if (judged.refused) return `${judged.reason.code}: ${judged.reason.message}`;
  return judged.body?.toString() ?? null;
}

/** One call through both phases to an upstream that answers what it is sent; what the caller gets, or the refusal. */
export function answeredBy(
  call: RequestCall,
  body: string,
  upstream: (sent: string) => string,
): { answered: string } | { refused: string } {
  const judged = judgeRequest(call, Buffer.from(body));
  if (judged.refused) return { refused: judged.reason.code };
  if (judged.body === null) return { answered: '' };
  const answer = Buffer.from(upstream(judged.body.toString()));
  const response = { ok: true, status: 200, headers: new Map(), body: answer } as const;
  const answered = judgeResponse({ ...call, matched: judged.matched }, judged, response, answer);
  return 'refused' in answered ? { refused: answered.reason.code } : { answered: answered.body.toString() };
}

/** One call through both phases: what is sent, and what the caller gets for the answer to that. */
export function throughBothPhases(
  path: string,
  body: string,
  said: Said,
  answer: string | ((sent: string) => string),
  masking?: ResolvedMasking,
) {
  const call = callOf(path, said, masking);
  const judged = judgeRequest(call, Buffer.from(body));
  if (judged.refused) throw new Error(judged.reason.message);
  const said200 = typeof answer === 'string' ? answer : answer(judged.body!.toString());
  const response = { ok: true, status: 200, headers: new Map(), body: Buffer.from(said200) } as const;
  const answered = judgeResponse(call, judged, response, response.body);
  if ('refused' in answered) throw new Error(answered.reason.message);
  return { sent: judged.body!.toString(), answered: answered.body.toString() };
}
