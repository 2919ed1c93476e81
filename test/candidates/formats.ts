/** JSON texts of documents in their own spelling, each different from all others. */
export type Texts = readonly string[];

/** A wire format as these tests write and read it: by hand, with hostile white space. */
export interface Format {
  readonly path: string;
  readonly body: (rankings: readonly Texts[], topN: string | null) => string;
  readonly parts: (body: string) => string[][];
  readonly answer: (rankings: readonly string[][]) => string;
  readonly result: (index: string, score: string, echo: string) => string;
  readonly results: (answer: string) => { index: number; echo: unknown }[][];
  readonly batch: boolean;
  readonly topN: boolean;
}

const SPACE = ' \n\t';
const join = (items: readonly string[]) => `[${SPACE}${items.join(`${SPACE},`)} ]`;

/** The elements' own texts, by a reader that is no part of what is tested. */
function textsOf(array: string): string[] {
  const texts: string[] = [];
  let depth = 0;
  let from = -1;
  for (const { 0: token, index } of array.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]|[^\s[\]{},"]+/g)) {
    if (depth === 1 && (token === ',' || token === ']')) {
      if (from !== -1) texts.push(array.slice(from, index).trim());
      from = -1;
    }
    if ('[{'.includes(token)) depth++;
    if (']}'.includes(token)) depth--;
    if (depth === 1 && token === '[') from = -1;
    else if (from === -1 && depth >= 1 && token !== ',') from = index;
  }
  return texts;
}

const teiRanking = (texts: Texts) => `{"query" : "q","texts":${join(texts)}, "return_text":true }`;
export function tei(path: string): Format {
  return {
    path,
    body: ([texts]) => teiRanking(texts!),
    parts: (body) => [textsOf(body.slice(body.indexOf('[')))],
    answer: ([results]) => join(results!),
    result: (index, score, echo) => `{"text": ${echo},"index" :${index}, "score":${score}}`,
    results: (answer) => [
      (JSON.parse(answer) as { index: number; text: unknown }[]).map(({ index, text }) => ({
        index,
        echo: text,
      })),
    ],
    batch: false,
    topN: false,
  };
}

export function cohere(version: 1 | 2): Format {
  return {
    path: `/v${version}/rerank`,
    body: ([texts], topN) =>
      `{"model":"m","query":"q"${topN === null ? '' : `, "top_n" : ${topN}`} ,"documents":${join(texts!)}}`,
    parts: (body) => [textsOf(body.slice(body.indexOf('[')))],
    answer: ([results]) => `{"id":"x", "results":${join(results!)} ,"meta":{"n":1.00}}`,
    result: (index, score, echo) => `{ "index": ${index},"relevance_score":${score},"document":${echo} }`,
    results: (answer) => [
      (JSON.parse(answer) as { results: { index: number; document: unknown }[] }).results.map(
        ({ index, document }) => ({ index, echo: document }),
      ),
    ],
    batch: false,
    topN: true,
  };
}

export const vertex: Format = {
  path: '/vertex',
  body: (rankings) => `{"instances": ${join(rankings.map(teiRanking))}}`,
  parts: (body) =>
    textsOf(body.slice(body.indexOf('['))).map((instance) => textsOf(instance.slice(instance.indexOf('[')))),
  answer: (rankings) => `{ "predictions":${join(rankings.map(join))}}`,
  result: tei('/vertex').result,
  results: (answer) =>
    (JSON.parse(answer) as { predictions: { index: number; text: unknown }[][] }).predictions.map((part) =>
      part.map(({ index, text }) => ({ index, echo: text })),
    ),
  batch: true,
  topN: false,
};

export const FORMATS = [tei('/rerank'), tei('/'), tei('/invocations'), vertex, cohere(1), cohere(2)];
