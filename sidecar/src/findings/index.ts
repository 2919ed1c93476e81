import type { Finding } from '@rankguard/contract';
import { findDuplicates } from './duplicates.ts';
import { findInstructions } from './instructions.ts';
import { findStuffing, queryWords } from './stuffing.ts';

/** What is looked at: the query, and of each candidate its text, or its fields when it is structured. */
export interface Searched {
  readonly query: string | null;
  readonly documents: readonly SearchedDocument[];
}

export interface SearchedDocument {
  /** Place in the caller's own list. */
  readonly index: number;
  /** Which ranking of the call it is a candidate of; copies are looked for within one. */
  readonly ranking: number;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The seam of the masking detectors: what personal data a decoded text holds. */
export interface PersonalData {
  detectText(
    text: string,
    context: { readonly field?: string },
  ): readonly { readonly entity: string; readonly score: number }[];
}

export interface FindingsOptions {
  readonly personalData: PersonalData;
  /** Characters that each detector looks at in one call; the rest is reported as DETECTOR_FAILED. */
  readonly most?: Readonly<Partial<Record<Source, number>>>;
}

export type Source = 'pii' | 'instructions' | 'stuffing' | 'duplicates';

/** Findings of one call in a fixed order. Never throws: a detector that failed is a finding itself. */
export type FindFindings = (searched: Searched) => readonly Finding[];

/** The kind of a finding that says a detector did not look at everything: it failed, or its bound was reached. */
export const DETECTOR_FAILED = 'DETECTOR_FAILED';

/** About 5 ms each on one core. */
const MOST: Readonly<Record<Source, number>> = {
  pii: 1_048_576,
  instructions: 524_288,
  stuffing: 262_144,
  duplicates: 262_144,
};
/** More would cost the policies more than they tell. */
const MOST_FINDINGS = 1_000;

interface Place {
  readonly path: string;
  readonly index: number | null;
  readonly field: string | null;
  readonly text: string;
}

/**
 * Looks for personal data in query and candidates, and for instructions, stuffed keywords and near-duplicates in
 * candidates. Bounded by characters, not by a clock, so that the same call always has the same findings.
 */
export function createFindings({ personalData, most = {} }: FindingsOptions): FindFindings {
  const budgetOf = (source: Source) => most[source] ?? MOST[source];

  return (searched) => {
    const documents = searched.documents.flatMap(placesOf);
    const { query } = searched;
    const queries: Place[] = query === null ? [] : [{ path: 'query', index: null, field: null, text: query }];
    const ofQuery = queryWords(query ?? '');
    const found = [
      ...search('pii', budgetOf('pii'), [...queries, ...documents], (place) => personal(personalData, place)),
      ...search('instructions', budgetOf('instructions'), documents, ({ text }) =>
        named('INSTRUCTIONS', findInstructions(text)),
      ),
      ...search('stuffing', budgetOf('stuffing'), documents, ({ text }) =>
        named('KEYWORD_STUFFING', findStuffing(text, ofQuery)),
      ),
      ...duplicates(searched.documents, budgetOf('duplicates')),
    ];
    if (found.length <= MOST_FINDINGS) return found;
    // A failure must stay in sight, whatever is cut off.
    const failures = found.filter(({ kind }) => kind === DETECTOR_FAILED);
    const others = found.filter(({ kind }) => kind !== DETECTOR_FAILED);
    const kept = others.slice(0, MOST_FINDINGS - failures.length - 1);
    const { path, index, source } = others[kept.length] as Finding;
    return [...kept, ...failures, failed(source as Source, { path, index })];
  };
}

type Kinds = readonly { readonly kind: string; readonly count: number; readonly score: number }[];

function search(
  source: Source,
  budget: number,
  places: readonly Place[],
  look: (place: Place) => Kinds,
): readonly Finding[] {
  const found: Finding[] = [];
  let left = budget;
  for (const place of places) {
    left -= place.text.length;
    if (left < 0) return [...found, failed(source, place)];
    try {
      const { path, index } = place;
      for (const { kind, count, score } of look(place))
        found.push({ kind, path, index, count, score, source });
    } catch {
      // What it choked on may be personal data: only that it failed is said.
      found.push(failed(source, place));
    }
  }
  return found;
}

function personal(detector: PersonalData, { text, field }: Place): Kinds {
  const kinds = new Map<string, { count: number; score: number }>();
  for (const { entity, score } of detector.detectText(text, field === null ? {} : { field })) {
    const known = kinds.get(entity) ?? { count: 0, score: 0 };
    kinds.set(entity, { count: known.count + 1, score: Math.max(known.score, score) });
  }
  return [...kinds].map(([kind, { count, score }]) => ({ kind, count, score }));
}

function named(kind: string, match: { readonly count: number; readonly score: number } | null): Kinds {
  return match === null ? [] : [{ kind, ...match }];
}

function duplicates(documents: readonly SearchedDocument[], budget: number): readonly Finding[] {
  const rankings = new Map<number, SearchedDocument[]>();
  let left = budget;
  let next: SearchedDocument | undefined;
  for (const document of documents) {
    left -= document.text.length;
    next = document;
    if (left < 0) break;
    const members = rankings.get(document.ranking);
    if (members === undefined) rankings.set(document.ranking, [document]);
    else members.push(document);
  }
  const found = [...rankings.values()].flatMap(copiesIn);
  if (next === undefined || left >= 0) return found;
  return [...found, failed('duplicates', { path: `documents[${next.index}].text`, index: next.index })];
}

function copiesIn(documents: readonly SearchedDocument[]): readonly Finding[] {
  return findDuplicates(documents.map(({ text }) => text)).map(({ at, score }) => {
    const { index } = documents[at] as SearchedDocument;
    const path = `documents[${index}].text`;
    return { kind: 'NEAR_DUPLICATE', path, index, count: 1, score, source: 'duplicates' };
  });
}

function failed(source: Source, { path, index }: Pick<Place, 'path' | 'index'>): Finding {
  return { kind: DETECTOR_FAILED, path, index, count: 1, score: 1, source };
}

const DEEPEST = 8;

/** The texts of a candidate: every text in its fields, or its own text when it has none. */
function placesOf({ index, text, fields }: SearchedDocument): Place[] {
  const at = `documents[${index}]`;
  if (Object.keys(fields).length === 0) return [{ path: `${at}.text`, index, field: null, text }];
  const places: Place[] = [];
  const visit = (value: unknown, path: string, field: string, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      places.push({ path, index, field, text: String(value) });
    } else if (typeof value !== 'object' || value === null) return;
    else if (depth === DEEPEST) places.push({ path, index, field, text: JSON.stringify(value) });
    else {
      for (const [name, member] of Object.entries(value)) {
        const isElement = Array.isArray(value);
        visit(
          member,
          isElement ? `${path}[${name}]` : `${path}.${name}`,
          isElement ? field : name,
          depth + 1,
        );
      }
    }
  };
  for (const [name, member] of Object.entries(fields)) visit(member, `${at}.fields.${name}`, name, 1);
  return places;
}
