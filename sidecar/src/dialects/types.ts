import type { DialectName, ReasonCode } from '@rankguard/contract';
import type { JsonDocument } from '../json/types.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Exact path; nothing is decoded or normalised into it. */
  readonly path: string;
  /** `health` passes without identity and policy; everything else is judged. */
  readonly operation: 'rerank' | 'info' | 'health';
  /** Tells apart the routes of one dialect that take different bodies. */
  readonly shape: string;
}

/** A body that does not have the shape of its route. */
export interface Misread {
  readonly ok: false;
  readonly code: ReasonCode;
  readonly message: string;
}

/**
 * One ranking inside a call: a query and its candidates. Most routes carry one; a batch route carries several.
 * Tokens are valid while the document is.
 */
export interface RankingPart {
  readonly query: string;
  readonly queryToken: number;
  /** The array of candidates. */
  readonly documentsToken: number;
  /** Tokens of the candidates, in the caller's order. */
  readonly candidates: readonly number[];
}

export interface RequestReading {
  readonly ok: true;
  readonly model: string | null;
  readonly parts: readonly RankingPart[];
  readonly topN: number | null;
  readonly topNToken: number;
}

export interface ResultReading {
  /** Place in the list that the upstream was sent. */
  readonly index: number;
  readonly indexToken: number;
  readonly token: number;
  readonly score: number | null;
  /** The echoed document, or -1. */
  readonly documentToken: number;
}

/** The results of one {@link RankingPart}, best first as the upstream sent them. */
export interface ResultsPart {
  readonly resultsToken: number;
  readonly results: readonly ResultReading[];
  /** Scores by place: nothing names the document, so that nothing can be removed or moved. */
  readonly positional?: boolean;
}

export interface ResponseReading {
  readonly ok: true;
  readonly parts: readonly ResultsPart[];
}

/** A wire format: what it means, and how to answer so that its real clients understand. No I/O. */
export interface Dialect {
  readonly name: DialectName;
  readonly routes: readonly Route[];
  /** Header names that may pass beside the ones every dialect has, lower case. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readRequest(document: JsonDocument, route: Route): RequestReading | Misread;
  /** `sent` is the number of candidates of each part that the upstream was sent. */
  readResponse(document: JsonDocument, route: Route, sent: readonly number[]): ResponseReading | Misread;
  /** The dialect's own error members, so that an SDK shows the explanation. */
  error(status: number, code: string, message: string): Readonly<Record<string, unknown>>;
  /** The answer to a call none of whose candidates is left; `parts` is how many rankings it asked for. */
  empty(route: Route, requestId: string, parts: number): string;
}
