import type { Entity, MaskObligation, Strategy } from '@rankguard/contract';
import type { Edit, JsonDocument } from '../json/types.ts';
import type { PatternLabel } from './any-detector.ts';

/** Where the facts of a call stand in its body. Tokens of the document; -1: not there. */
export interface Places {
  readonly queries: readonly number[];
  /** `index` in the caller's own numbering. */
  readonly documents: readonly Place[];
  /** The documents that results echo. */
  readonly results: readonly Place[];
}

export interface Place {
  readonly index: number;
  readonly token: number;
  /** Values inside that are the API's own, such as what joins a result: rules of the facts leave them. */
  readonly keep?: readonly number[];
}

/** What was masked: an entity, a pattern of the profile, a field by a rule of the profile, or a field by a policy. */
export type MaskLabel = Entity | PatternLabel | 'FIELD' | 'POLICY';

export interface MaskResult {
  /** Apart from each other and ascending. */
  readonly edits: Edit[];
  /** Masked values by {@link MaskLabel}. */
  readonly counts: Record<string, number>;
}

/** Tokens and surrogates that were made for one call, and the values they stand for; kept as long as the call. */
export type Issued = Map<string, string>;

/** One masked value: what, where, why, how sure; never the value. */
export interface MaskNote {
  readonly label: MaskLabel;
  /** Where it stands: a JSONPath, `text`, or the name of a text that comes in pieces. */
  readonly path: string;
  /** Bytes of the body, of the text in a string that holds JSON, or UTF-16 code units of a stream's text. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1; 1 does not depend on words around it. */
  readonly score: number;
  readonly reason: string;
  readonly strategy: Strategy;
}

/** A value in a text and what comes in its place. Places are UTF-16 code units of the text, half open. */
export interface TextFinding extends Omit<MaskNote, 'path'> {
  readonly with: string;
}

export interface JsonOptions {
  /** Takes the tokens and surrogates that are made. */
  readonly issued?: Issued;
  /** String tokens in which nothing is looked for, because somebody else masks their texts; rules by name hold. */
  readonly except?: ReadonlySet<number>;
}

/** Bytes in, edits out. Nothing is kept between calls; input of any kind costs time linear in its length. */
export interface Masker {
  /**
   * Masks a JSON body: member names, strings and numbers by detectors, values by the profile's fields and by
   * what policies oblige to. The edited body is JSON of the same structure; bytes outside the edits stay.
   * A path that names nothing is no edit. Throws POLICY_FAULT for an obligation that cannot be understood.
   */
  json(
    document: JsonDocument,
    places: Places,
    obligations: readonly MaskObligation[],
    options?: JsonOptions,
  ): MaskResult;
  /**
   * Gives a caller its own values back: edits of an answer's strings that hold tokens or surrogates of `issued`, and
   * those of `edits` that are not about the same places. Ascending and apart.
   */
  restore(document: JsonDocument, issued: ReadonlyMap<string, string>, edits: readonly Edit[]): Edit[];
  /** Masks plain text, valid UTF-8 or not, with the detectors. */
  text(bytes: Buffer): MaskResult;
  /** Masks a short text with the detectors; the same string comes back when they find nothing. */
  string(value: string): string;
  /** What the detectors find in a text that is asked for; ascending and apart. */
  find(text: string): readonly TextFinding[];
}
