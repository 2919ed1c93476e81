import { httpAnswer, type Script } from '../upstream.ts';
import type { Call, Candidate, Wire } from './types.ts';

/** A reranker that speaks one API and gives each candidate the score that `weigh` says. */
export function serveWire(
  wire: Wire,
  weigh: (candidate: Candidate) => number,
  saw: (call: Call) => void = () => {},
): Script {
  return async (call) => {
    const body: unknown = JSON.parse(call.body.toString('utf8'));
    const asked = wire.sent(body);
    saw(asked);
    const results = asked.candidates
      .map((candidate, index) => ({ index, score: weigh(candidate) }))
      .toSorted((a, b) => b.score - a.score || a.index - b.index)
      .slice(0, asked.topN ?? asked.candidates.length);
    await call.write(httpAnswer(200, JSON.stringify(wire.answer(body, results))));
  };
}
