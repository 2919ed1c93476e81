import type { Active } from '../runtime/types.ts';
import type { Exchange } from './exchange.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Health calls at a time. */
const MOST_CALLS = 64;

/** Undefined when the answer was streamed; a refusal when the upstream gave none. */
export function passThrough(exchange: Exchange, active: Active): Promise<Refusal | undefined> {
  const { request, response, trace } = exchange;
  const { health } = active;
  if (health.calls >= MOST_CALLS) return Promise.resolve(refuse('OVERLOADED'));
  health.calls++;
  response.setHeader('Rankguard-Decision', 'pass');
  response.setHeader('Rankguard-Request-Id', trace.id);
  return new Promise((resolve) => {
    response.on('close', () => {
      health.calls--;
      trace.upstreamStatus = response.headersSent ? response.statusCode : null;
      resolve(response.headersSent ? undefined : refuse('CLIENT_GONE'));
    });
    health.proxy.web(request, response, {}, (error) => {
      if (response.headersSent) response.destroy(error);
      else resolve(refuse('UPSTREAM_UNREACHABLE'));
    });
  });
}
