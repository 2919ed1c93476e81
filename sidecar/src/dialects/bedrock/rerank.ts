import { type JsonDocument, Kind } from '../../json/types.ts';
import type { Shape } from '../define.ts';
import { badTopN, readRankingAnswer } from '../format.ts';
import { ambiguousMember, memberNames, misread, optional, stringMember } from '../shape.ts';
import type { Misread, RequestReading } from '../types.ts';

const BODY = memberNames('queries', 'sources', 'rerankingConfiguration', 'nextToken');
const QUERY = memberNames('type', 'textQuery');
const TEXT = memberNames('text');
const SOURCE = memberNames('type', 'inlineDocumentSource');
const INLINE = memberNames('type', 'textDocument', 'jsonDocument');
const SETTINGS = memberNames('type', 'bedrockRerankingConfiguration');
const OWN = memberNames('numberOfResults', 'modelConfiguration');
const MODEL = memberNames('modelArn', 'additionalModelRequestFields');

type Names = ReturnType<typeof memberNames>;

/** The member, when it is an object whose members are none but its own. */
function inside(document: JsonDocument, object: number, name: string, members: Names): number | Misread {
  const token = document.get(object, name);
  if (token === -1 || document.kind(token) !== Kind.Object) return misread(`${name} must be an object`);
  return ambiguousMember(document, token, members) ?? token;
}

function textIn(document: JsonDocument, object: number, name: string): number | Misread {
  const holder = inside(document, object, name, TEXT);
  if (typeof holder === 'object') return holder;
  const token = stringMember(document, holder, 'text');
  return token === -1 ? misread(`${name} must have a text`) : token;
}

const typeOf = (document: JsonDocument, object: number) => {
  const token = stringMember(document, object, 'type');
  return token === -1 ? '' : document.string(token);
};

function queryOf(document: JsonDocument): number | Misread {
  const queries = document.get(0, 'queries');
  const tokens =
    queries !== -1 && document.kind(queries) === Kind.Array ? [...document.elements(queries)] : [];
  const [query] = tokens;
  if (query === undefined || tokens.length !== 1 || document.kind(query) !== Kind.Object) {
    return misread('queries must hold one query');
  }
  const ambiguous = ambiguousMember(document, query, QUERY);
  if (ambiguous) return ambiguous;
  return typeOf(document, query) === 'TEXT'
    ? textIn(document, query, 'textQuery')
    : misread('a query must be TEXT');
}

/** The document inside a source: its text, or the object of a JSON document. */
function contentOf(document: JsonDocument, source: number): number | Misread {
  if (document.kind(source) !== Kind.Object) return misread('a source must be an object');
  const ambiguous = ambiguousMember(document, source, SOURCE);
  if (ambiguous) return ambiguous;
  if (typeOf(document, source) !== 'INLINE') return misread('a source must be INLINE');
  const inline = inside(document, source, 'inlineDocumentSource', INLINE);
  if (typeof inline === 'object') return inline;
  const type = typeOf(document, inline);
  const isText = type === 'TEXT' && document.get(inline, 'jsonDocument') === -1;
  if (isText) return textIn(document, inline, 'textDocument');
  const json = document.get(inline, 'jsonDocument');
  return type === 'JSON' &&
    document.get(inline, 'textDocument') === -1 &&
    json !== -1 &&
    document.kind(json) === Kind.Object
    ? json
    : misread('a source must be a TEXT with a textDocument, or a JSON with a jsonDocument');
}

function settings(
  document: JsonDocument,
): { model: string; topN: number | null; topNToken: number } | Misread {
  const outer = inside(document, 0, 'rerankingConfiguration', SETTINGS);
  if (typeof outer === 'object') return outer;
  const own = inside(document, outer, 'bedrockRerankingConfiguration', OWN);
  if (typeof own === 'object') return own;
  const model = inside(document, own, 'modelConfiguration', MODEL);
  if (typeof model === 'object') return model;
  const arn = stringMember(document, model, 'modelArn');
  if (arn === -1) return misread('modelArn must be a string');
  const bad = badTopN(document, own, { name: 'numberOfResults', zero: 'refused' });
  if (bad) return bad;
  const topNToken = optional(document, own, 'numberOfResults');
  const topN = topNToken === -1 ? null : document.number(topNToken);
  return { model: document.string(arn), topN, topNToken };
}

function readRequest(document: JsonDocument): RequestReading | Misread {
  if (document.kind(0) !== Kind.Object) return misread('a rerank request must be an object');
  const ambiguous = ambiguousMember(document, 0, BODY);
  if (ambiguous) return ambiguous;
  // Another page of an answer repeats the sources but not what was decided about them.
  if (optional(document, 0, 'nextToken') !== -1)
    return misread('a page of an earlier answer cannot be asked for');
  const queryToken = queryOf(document);
  if (typeof queryToken === 'object') return queryToken;
  const documentsToken = document.get(0, 'sources');
  if (documentsToken === -1 || document.kind(documentsToken) !== Kind.Array)
    return misread('sources must be a list');
  const candidates = [...document.elements(documentsToken)];
  if (candidates.length === 0) return misread('sources must not be empty');
  const contents: number[] = [];
  for (const source of candidates) {
    const content = contentOf(document, source);
    if (typeof content === 'object') return content;
    contents.push(content);
  }
  const configured = settings(document);
  if ('ok' in configured) return configured;
  const part = { query: document.string(queryToken), queryToken, documentsToken, candidates, contents };
  return { ok: true, parts: [part], ...configured, members: BODY.known };
}

/** The document of a result: an object with its type, and the text or the JSON document. */
function echoed(document: JsonDocument, echo: number): number {
  if (document.kind(echo) !== Kind.Object) return echo;
  const json = document.get(echo, 'jsonDocument');
  if (json !== -1) return json;
  const holder = document.get(echo, 'textDocument');
  if (holder === -1 || document.kind(holder) !== Kind.Object) return echo;
  const text = stringMember(document, holder, 'text');
  return text === -1 ? echo : text;
}

/** The agent runtime's Rerank operation (API_agent-runtime_Rerank in the Amazon Bedrock API reference). */
export const rerank: Shape = {
  readRequest,
  readResponse(document, [sent]) {
    const format = { results: 'results', score: 'relevanceScore', echo: 'document', inside: echoed };
    const reading = readRankingAnswer(document, format, sent);
    if (!reading.ok || optional(document, 0, 'nextToken') === -1) return reading;
    return misread('an answer in pages cannot be judged as a whole', 'UPSTREAM_SHAPE');
  },
  empty: () => ({ results: [] }),
};
