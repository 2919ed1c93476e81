import type { JournalEntry, SpeechName } from '@rankguard/example-support-search';
import { createReranker } from '@rankguard/example-support-search';
import { createBm25Scorer } from '../../../examples/support-search/src/reranker/scorer.ts';
import { createKey, sign, startIssuer } from '../../identity/issuer.ts';
import { type Guard, startGuard } from '../../support/guard.ts';
import { AUDIENCE, GROUP, UPSTREAM_KEY } from '../../support/resources.ts';

/** What the matrix is about: who may, what is never said, what is left out, what is too weak, what is hidden. */
const POLICY = `package rankguard.e2e

allow if "${GROUP}" in input.identity.groups

deny contains {"code": "SALARIES_FORBIDDEN", "message": "Salaries may not be searched here; ask human resources."} if {
	contains(input.request.query, "salary")
}

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	contains(input.request.query, "plan")
	some document in input.request.documents
	contains(document.text, "chairman")
}

rank contains {"verb": "floor", "min_score": 0.0001} if contains(input.request.query, "strictly")

rank contains {"verb": "floor", "min_score": 0.0001, "below": "last"} if contains(input.request.query, "gently")
`;

export const DOCUMENTS = [
  'Refund of the chairman: a cancelled plan',
  'Bananas are yellow',
  'Refund for a cancelled plan, says ada.brook@example.com',
  'The refund policy',
  'Login fails',
];
/** Drops the first document. */
export const QUERY = 'refund for a cancelled plan';
/** Leaves out what scores nothing. */
export const STRICT_QUERY = 'refund policy strictly';
/** Moves what scores nothing to the end. */
export const GENTLE_QUERY = 'refund policy gently';
export const FORBIDDEN_QUERY = 'salary of the chairman';
export const EXPLANATION = 'Salaries may not be searched here; ask human resources.';
export const EMAIL = 'ada.brook@example.com';

/** A sidecar in front of the example's reranker, which speaks one API. */
export interface MatrixWorld {
  readonly url: string;
  readonly token: string;
  /** A token of somebody whom no policy allows. */
  readonly stranger: string;
  /** What the reranker received since the last `fresh`. */
  readonly received: readonly JournalEntry[];
  readonly calls: Guard['calls'];
  fresh(): void;
  close(): Promise<void>;
}

export async function createMatrixWorld(
  dialects: readonly string[],
  speaks: SpeechName | undefined,
): Promise<MatrixWorld> {
  const received: JournalEntry[] = [];
  const reranker = createReranker({
    apiKey: UPSTREAM_KEY,
    journal: (entry) => void received.push(entry),
    ...(speaks === undefined ? {} : { speaks }),
  });
  const upstream = await reranker.listen(0, '127.0.0.1');
  const key = await createKey('ES256', 'key-1');
  const issuer = await startIssuer({ keys: [key.jwk] });
  const guard = await startGuard({
    issuer: issuer.issuer,
    upstream,
    dialects,
    rego: POLICY,
    order: 'score-then-mask',
  });
  const now = Math.floor(Date.now() / 1000);
  const tokenOf = (sub: string, groups: readonly string[]) =>
    sign(key, { iss: issuer.issuer, aud: AUDIENCE, sub, groups, iat: now, exp: now + 3600 });
  let before = 0;
  return {
    url: `http://127.0.0.1:${guard.port}`,
    token: await tokenOf('ann', [GROUP]),
    stranger: await tokenOf('ivo', []),
    received,
    get calls() {
      return guard.calls.slice(before);
    },
    fresh() {
      received.length = 0;
      before = guard.calls.length;
    },
    async close() {
      await guard.close();
      await reranker.close();
      await issuer.close();
    },
  };
}

/** What the reranker's own scorer says of some of the documents, best first, by their places among all. */
export function ranked(
  query: string,
  places: readonly number[],
): readonly { index: number; score: number; raw: number }[] {
  const texts = places.map((place) => DOCUMENTS[place]!);
  return createBm25Scorer()
    .rank(query, texts)
    .map((one) => ({ ...one, index: places[one.index]! }));
}
