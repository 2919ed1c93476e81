import { asText, at, list, type Members, members, opened } from './documents.ts';
import type { Candidate, Wire } from './types.ts';

export interface Form {
  readonly dialect: Wire['dialect'];
  readonly path: string;
  /** Says which of several ways this is. */
  readonly way?: string;
  /** Where the candidates are; default `documents`. */
  readonly candidates?: string;
  readonly write?: (candidate: Candidate, place: number) => unknown;
  readonly query?: (query: string) => unknown;
  /** Default `top_n`; null: the API has none. */
  readonly topN?: string | null;
  /** A `topN` of 0 means all. */
  readonly zeroIsAll?: true;
  /** More members of the body. */
  readonly more?: Members;
  /** The member of the answer with the results; null: the answer is their list. Default `results`. */
  readonly results?: string | null;
  /** Default `relevance_score`. */
  readonly score?: string;
  /** The member of a result that echoes; null: nothing does. Default `document`. */
  readonly echo?: string | null;
  /** The echo of what was sent; default: strings as `{text}`. */
  readonly echoed?: (document: unknown) => unknown;
  readonly explanation?: readonly string[];
  readonly credential?: Wire['credential'];
}

const bearer: Wire['credential'] = (token) => ['Authorization', `Bearer ${token}`];
const inText = (document: unknown) => (typeof document === 'string' ? { text: document } : document);
const same = (document: unknown) => document;

/** An API that takes a query and a list of candidates, and answers with a list of results. */
export function ranking(form: Form): Wire {
  const { candidates = 'documents', write = asText, query = same, topN = 'top_n', more = {} } = form;
  const { results = 'results', score = 'relevance_score', echo = 'document', echoed = inText } = form;
  const documentsOf = (body: unknown) => list(members(body)[candidates]);
  const itemsOf = (answer: unknown) => list(results === null ? answer : members(answer)[results]);
  const resultOf = (item: unknown) => ({
    index: members(item)['index'] as number,
    score: members(item)[score] as number | null,
  });
  return {
    title: [form.dialect, form.path, form.way].filter(Boolean).join(' '),
    dialect: form.dialect,
    path: form.path,
    members: { query: 'query', candidates, topN, zeroIsAll: form.zeroIsAll === true },
    credential: form.credential ?? bearer,
    topN: topN !== null,
    echo: echo !== null,
    given: false,
    encode: (call) => ({
      ...more,
      query: query(call.query),
      [candidates]: call.candidates.map(write),
      ...(call.topN !== null && topN !== null && { [topN]: call.topN }),
    }),
    sent(body) {
      const asked = members(body)['query'];
      return {
        query: String(typeof asked === 'string' ? asked : at(asked, 'text')),
        candidates: documentsOf(body).map(opened),
        topN: ((topN !== null && members(body)[topN]) || null) as number | null,
      };
    },
    answer(body, ranked) {
      const documents = documentsOf(body);
      const items = ranked.map((one) => ({
        index: one.index,
        ...(echo !== null && { [echo]: echoed(documents[one.index]) }),
        [score]: one.score,
      }));
      return results === null ? items : { id: 'answer-1', [results]: items, meta: { units: 1 } };
    },
    scores: (answer) => itemsOf(answer).map(resultOf),
    decode: (answer) =>
      itemsOf(answer).map((item) => ({
        ...resultOf(item),
        echo: echo === null ? null : opened(members(item)[echo]),
      })),
    explanation: (body) => String(at(body, ...(form.explanation ?? ['message']))),
  };
}

export const OPENAI = ['error', 'message'];
