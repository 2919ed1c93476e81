import type { DialectName, DocumentFacts, ReasonCode, ResultFacts } from '@rankguard/contract';
import type { Edit, JsonDocument } from '../json/types.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Normalised path, exact. */
  readonly path: string;
  /** `health` passes without identity and policy, GET only; everything else is judged. */
  readonly operation: 'rerank' | 'info' | 'health';
  /** Tells apart routes of one dialect that take different bodies. */
  readonly shape: string;
}

/** A body that does not have the shape of its route. */
export interface Misread {
  readonly ok: false;
  readonly code: ReasonCode;
  readonly message: string;
}

/** One candidate: where it stands in the body, and how to read it when somebody asks. */
export interface Candidate {
  readonly index: number;
  /** Token of the value (string or object). */
  readonly token: number;
}

/** A request body, recognised. `tokens` are only valid while the document is. */
export interface RequestReading {
  readonly ok: true;
  readonly model: string | null;
  readonly query: string;
  readonly queryToken: number;
  readonly documentsToken: number;
  readonly candidates: readonly Candidate[];
  readonly topN: number | null;
  readonly topNToken: number;
  /** Whether the caller asked for documents in the answer. */
  readonly echo: boolean;
}

export interface ResultReading {
  /** As the upstream numbered it. */
  readonly index: number;
  readonly indexToken: number;
  /** The whole result object. */
  readonly token: number;
  readonly score: number | null;
  /** The echoed document's token, or -1. */
  readonly documentToken: number;
}

export interface ResponseReading {
  readonly ok: true;
  readonly resultsToken: number;
  readonly results: readonly ResultReading[];
}

/** A wire format: what it means, and how to change it so that its real clients keep working. No I/O. */
export interface Dialect {
  readonly name: DialectName;
  readonly routes: readonly Route[];
  /** Header names that may pass, lower case, beside the ones every dialect has. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readRequest(document: JsonDocument, route: Route): RequestReading | Misread;
  readResponse(document: JsonDocument, route: Route): ResponseReading | Misread;
  /** The dialect's own error members, so that an SDK shows the explanation. */
  error(status: number, code: string, message: string): Readonly<Record<string, unknown>>;
  /** The body of an answer without results. */
  empty(model: string | null, requestId: string): string;
}

export type { DocumentFacts, Edit, ResultFacts };
