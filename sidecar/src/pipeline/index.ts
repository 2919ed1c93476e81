import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { CodedError, codeOf, REASONS, type ReasonCode } from '@rankguard/contract';
import { costEstimate } from '../facts/index.ts';
import { usageKey } from '../usage/index.ts';
import { hasBody, pathOf } from './accept.ts';
import { discardBody } from './closing.ts';
import type { Exchange, PipelineDeps } from './exchange.ts';
import { type Answer, type Refusal, refusalAnswer, refuse } from './refusal.ts';
import { runCall } from './run.ts';
import { createTrace, recordOf } from './trace.ts';

export { type Budget, createBudget } from './budget.ts';
export { endSocket } from './closing.ts';
export { createDisplacementSampler } from './displacement.ts';
export type { PipelineDeps } from './exchange.ts';
export { refusalAnswer, refuse } from './refusal.ts';
export { connectionName } from './trace.ts';
export { createTurns } from './turns.ts';

export interface Pipeline {
  /** Takes one HTTP request to its answer and its record. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /**
   * What comes next on a connection is not HTTP. true: a call takes care of it, because it was its body or because
   * its answer is on the way; false: nobody does.
   */
  malformed(socket: Duplex): boolean;
}

type Outcome = Answer | Refusal | 'sent';

/** accept → authenticate → read → judge → forward → judge → send → record: one pipeline for every dialect. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const latest = new WeakMap<Duplex, { exchange: Exchange; malformed: AbortController }>();

  async function outcomeOf(exchange: Exchange): Promise<Outcome> {
    const { active } = exchange;
    if (active === undefined) return refuse('BUNDLE_MISSING');
    try {
      return await runCall(deps, exchange, active);
    } catch (error) {
      // An unexpected error may quote what it choked on: only its kind goes out.
      return refuse(codeOf(error) ?? 'INTERNAL', error instanceof CodedError ? error.message : undefined);
    }
  }

  return {
    async handle(request, response) {
      let held = 0;
      const active = deps.active();
      const limit = active?.bundle.connection.limits.bufferedBytes ?? 0;
      const gone = new AbortController();
      const malformed = new AbortController();
      response.on('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      const exchange: Exchange = {
        request,
        response,
        active,
        trace: createTrace(randomUUID(), request.method ?? '', pathOf(request.url ?? '')),
        reserve(bytes) {
          if (!deps.budget.reserve(bytes, limit)) return false;
          held += bytes;
          return true;
        },
        gone: gone.signal,
        malformed: malformed.signal,
        matched: undefined,
      };
      latest.set(request.socket, { exchange, malformed });
      const outcome = await outcomeOf(exchange);
      finish(deps, exchange, outcome);
      deps.budget.release(held);
    },
    malformed(socket) {
      const found = latest.get(socket);
      if (found === undefined) return false;
      const { request, response } = found.exchange;
      if (!request.complete) {
        found.malformed.abort();
        return true;
      }
      // Another answer in the middle of this one would be read as a part of it.
      if (!response.headersSent || response.writableFinished) return false;
      response.destroy();
      return true;
    },
  };
}

function finish(deps: PipelineDeps, exchange: Exchange, outcome: Outcome): void {
  const { trace, active, response } = exchange;
  const mask = (text: string) => masked(text, active);
  const refusal = outcome !== 'sent' && 'refused' in outcome ? withMaskedMessage(outcome, mask) : undefined;
  let { statusCode: status } = response;
  let bytesOut = 0;
  if (outcome !== 'sent') {
    const answer =
      'refused' in outcome ? refusalAnswer(refusal ?? outcome, trace.id, exchange.matched) : outcome;
    send(exchange, answer, refusal, deps.draining());
    status = answer.status;
    bytesOut = answer.body.length;
  }
  const record = recordOf(trace, active, { status, bytesOut, refusal }, mask);
  deps.metrics.call(record);
  countUsage(deps, exchange, record.reason);
  deps.record(record);
}

/** What cannot be masked is not said; the call still gets its answer and its record. */
function masked(text: string, active: Exchange['active']): string {
  try {
    return active?.masker.string(text) ?? text;
  } catch {
    return '';
  }
}

/** Who could not be identified is nobody whose calls could be counted. */
function countUsage({ usage }: PipelineDeps, { trace, active }: Exchange, reason: ReasonCode | null): void {
  if (active === undefined || trace.identity === null) return;
  const { dataset, model, sent: documents } = trace;
  const answered = reason === null;
  usage.add(usageKey(active.bundle.connection, trace.identity), {
    dataset,
    model,
    documents,
    rows: answered ? trace.handedOut : 0,
    // What was ranked has its price, whatever became of the answer.
    cost: costEstimate(documents),
    denied: !answered && REASONS[reason].kind === 'denial',
    answered,
    shown: answered ? trace.shown : [],
  });
}

function send(exchange: Exchange, answer: Answer, refusal: Refusal | undefined, draining: boolean): void {
  const { response, request, trace } = exchange;
  if (response.destroyed || response.headersSent) return;
  const decision = refusal === undefined ? 'allow' : answer.status < 500 ? 'deny' : 'fault';
  const headers = [...answer.headers, 'Content-Length', String(answer.body.length)];
  headers.push('Rankguard-Decision', decision, 'Rankguard-Request-Id', trace.id);
  const closing = refusal?.close === true || draining;
  if (closing) headers.push('Connection', 'close');
  if (!request.complete && hasBody(request)) discardBody(request, closing);
  response.writeHead(answer.status, headers);
  response.end(answer.body);
}

function withMaskedMessage(refusal: Refusal, mask: (text: string) => string): Refusal {
  return { ...refusal, reason: { ...refusal.reason, message: mask(refusal.reason.message) } };
}
