import type { DialectName, ReasonCode } from '@rankguard/contract';
import type { CredentialSlot } from '../identity/credential.ts';
import type { JsonDocument } from '../json/types.ts';

/** What a call means, whatever its dialect. `health` passes without identity and policy; the rest is judged. */
export type Operation = 'rerank' | 'score' | 'classify' | 'pooling' | 'info' | 'health';

export interface Route {
  readonly method: 'GET' | 'POST';
  /**
   * Exact path; nothing is decoded or normalised into it. `{name}` stands for one segment, or a part of one;
   * `{*name}` may also hold `:`, `%3A` and `%2F`. In a matched route it is the path of the call.
   */
  readonly path: string;
  readonly operation: Operation;
  /** Tells apart the routes of one dialect that take different bodies. */
  readonly shape: string;
  /** `given`: answers come in the order of the candidates and clients count on it, so none can be left out. */
  readonly order?: 'given';
  /** What stands in the path of a matched route at the template's names, decoded. */
  readonly params?: Readonly<Record<string, string>>;
}

export interface MatchedRoute {
  readonly dialect: Dialect;
  readonly route: Route;
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
  /** null where the operation has none, as when texts are classified. */
  readonly query: string | null;
  /** -1 where there is none. */
  readonly queryToken: number;
  /** The array of candidates; where a lone candidate stands for itself, its own token. */
  readonly documentsToken: number;
  /** Tokens of the array's elements, in the caller's order. */
  readonly candidates: readonly number[];
  /** For each candidate the token of the document inside it; absent: the candidate is the document. */
  readonly contents?: readonly number[];
  /** For each candidate the id that results name it by; absent: results name an index, or nothing. */
  readonly ids?: readonly string[];
  /** Where these ids stand, ascending. */
  readonly idTokens?: readonly number[];
}

export interface RequestReading {
  readonly ok: true;
  readonly model: string | null;
  /** Of the model, where the call names one. */
  readonly modelVersion?: string | null;
  readonly parts: readonly RankingPart[];
  readonly topN: number | null;
  readonly topNToken: number;
  /** Names of the body's outermost members that the dialect knows. */
  readonly members?: ReadonlySet<string>;
  /** The dialect and route that the body turned out to be of, where the path alone does not tell. */
  readonly matched?: MatchedRoute;
}

export interface ResultReading {
  /** Place in the list that the upstream was sent. */
  readonly index: number;
  /** -1 where results carry none: they are joined by id or by their own place. */
  readonly indexToken: number;
  readonly token: number;
  readonly score: number | null;
  /** The echoed document, or -1. */
  readonly documentToken: number;
  /** The id that names the candidate, where results have one. */
  readonly idToken?: number;
  /** Where the score stands, when the result is the echoed document with a score in it. */
  readonly scoreToken?: number;
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
  /** Where the answer repeats how many results were asked for; -1 or absent: nowhere. */
  readonly topNToken?: number;
}

/** What the upstream was sent of one {@link RankingPart}. */
export interface SentPart {
  /** Candidates. */
  readonly count: number;
  /** Their ids in the order sent, where results name them. */
  readonly ids?: readonly string[] | undefined;
}

/** The model that a server answers with. */
export interface ServedModel {
  readonly name: string;
  readonly version: string | null;
}

/** Where a server says which model it serves: a GET route without a query. */
export interface ServedModelRoute {
  readonly path: string;
  /** What the answer says, as a JSON value; null: it names no model, or more than one. */
  read(answer: unknown): ServedModel | null;
}

/** A wire format: what it means, and how to answer so that its real clients understand. No I/O. */
export interface Dialect {
  readonly name: DialectName;
  readonly routes: readonly Route[];
  /** Header names that may pass beside the ones every dialect has, lower case. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  /** Where its clients put their key: where the caller's token is. The first is how the upstream takes its own. */
  readonly credentials: readonly CredentialSlot[];
  /** Where its servers say which model they serve, for calls that do not name one. */
  readonly served?: ServedModelRoute;
  /** The AWS service whose calls are signed over header fields and body (Signature Version 4). */
  readonly signing?: string;
  readRequest(document: JsonDocument, route: Route): RequestReading | Misread;
  /** `sent` says what the upstream was sent of each part. */
  readResponse(document: JsonDocument, route: Route, sent: readonly SentPart[]): ResponseReading | Misread;
  /** The dialect's own error members, so that an SDK shows the explanation. */
  error(status: number, code: string, message: string): Readonly<Record<string, unknown>>;
  /** Header fields of answers that the sidecar makes: name, value, name, value … */
  ownHeaders?(status: number): readonly string[];
  /** The answer to a call none of whose candidates is left. */
  empty(route: Route, call: EmptyCall): string;
}

export interface EmptyCall {
  readonly requestId: string;
  readonly model: string | null;
  /** How many rankings the call asked for. */
  readonly parts: number;
}
