import type { DialectName } from '@rankguard/contract';

/** A candidate as every API can carry it: scalars by name. */
export type Candidate = Readonly<Record<string, string | number | boolean>>;

/** A call, whatever API it is made in. */
export interface Call {
  readonly query: string;
  readonly candidates: readonly Candidate[];
  readonly topN: number | null;
}

/** A result, whatever API it came in: the place in the list, and the score that the reranker gave. */
export interface Result {
  readonly index: number;
  readonly score: number | null;
}

/** A result as a client reads it; `echo` is the document that came with it, opened. */
export interface Shown extends Result {
  readonly echo: Candidate | null;
}

/** What an API can do; a property over calls takes what is missing into account, and nothing else. */
export interface Abilities {
  /** Callers can ask for fewer results. */
  readonly topN: boolean;
  readonly echo: boolean;
  /** One score for each candidate in the caller's own order: none can be left out or moved. */
  readonly given: boolean;
}

/** One way of writing a call in one API, by hand: no code of the sidecar knows this file, nor it any. */
export interface Wire extends Abilities {
  readonly title: string;
  readonly dialect: Exclude<DialectName, 'auto'>;
  readonly path: string;
  /** Outermost members of the body, and whether `topN` may be 0 (all). */
  readonly members: {
    readonly query: string;
    readonly candidates: string;
    readonly topN: string | null;
    readonly zeroIsAll: boolean;
  };
  /** How its clients send a token. */
  readonly credential: (token: string) => readonly [name: string, value: string];
  encode(call: Call): unknown;
  /** What a reranker reads of a body. */
  sent(body: unknown): Call;
  /** Its answer: `results` best first, in the order of the candidates where the API answers so. */
  answer(body: unknown, results: readonly Result[]): unknown;
  /** What a client reads of an answer; throws when the shape is not the API's. */
  decode(answer: unknown): readonly Shown[];
  /** The same without the documents, which may be masked beyond recognition. */
  scores(answer: unknown): readonly Result[];
  /** The sentence that a client shows of an error. */
  explanation(body: unknown): string;
}
