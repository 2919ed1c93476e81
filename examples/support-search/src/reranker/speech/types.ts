import type { Json, JsonObject, Reply } from '../http.ts';
import type { Scorer } from '../scorer.ts';

/** One ranking that was asked for. */
export interface Asked {
  readonly query: string;
  /** As the caller wrote them. */
  readonly documents: readonly Json[];
  readonly texts: readonly string[];
  readonly topN: number;
  readonly echo: boolean;
  readonly model: string | null;
  readonly body: JsonObject;
  /** What stands in the path at the names of its template. */
  readonly path: readonly string[];
}

export interface Ranked {
  readonly index: number;
  readonly score: number;
  /** Without an upper end, as models that give logits. */
  readonly raw: number;
  readonly document: Json;
  readonly text: string;
}

/** A path and what it answers. */
export interface Endpoint {
  readonly path: RegExp;
  readonly answer: (body: Json, path: readonly string[], scorer: Scorer) => Reply;
}

/** One rerank API as its own servers speak it. */
export interface Speech {
  readonly endpoints: readonly Endpoint[];
  /** GET paths that say that the server is well. */
  readonly health: readonly string[];
  /** The header field in which the server wants its key. */
  key(key: string): readonly [name: string, value: string];
  error(status: number, message: string): Reply;
}
