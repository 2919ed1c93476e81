import { FactsSchema } from '@rankguard/contract';
import { code, generatedPage, table } from './markdown.ts';
import { sampleFacts } from './sample-call.ts';

interface Schema {
  readonly type?: string;
  readonly const?: string;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: object;
}

/** What the schema's descriptions do not say. */
const MEANINGS: Readonly<Record<string, string>> = {
  phase: 'a call is judged twice: before it goes to the reranker, and before the answer goes to the caller',
  'identity.kind': '`workload`: the token stands for a program, by the words of its issuer',
  'identity.groups': 'from the claim that the connection maps to `groups`',
  'identity.claims': 'the claims that the connection maps, and `client_id`, `acr`, `amr`, `auth_time`',
  'request.path': 'of the route, never as a caller wrote it',
  'request.operation': '`rerank`, or `info` for a route that asks for the model',
  'request.model':
    'as the body or the path names it, else as the [reranker says that it serves](dialects.md); null: nobody says',
  'request.model_version':
    "of the path, else as the connection's `models` say, else as the reranker says of this very model; null: nobody says",
  'request.dataset_source': '`header` and `body` are the caller’s own word',
  'request.query': 'of several rankings in one call: joined by line breaks',
  'request.documents[].id': 'the member `id` of a structured document; a number keeps its text',
  'request.documents[].text':
    'the string itself; of a structured document its member `text`, else all its strings joined by line breaks',
  'request.counts.bytes': 'of the body, decoded',
  'request.counts.tokens_estimate': 'bytes divided by four',
  'request.cost_estimate': 'search units of hosted rerank APIs: one for up to 100 documents',
  'request.justification':
    'from the header `Rankguard-Justification`, at most 1,024 characters; it is not passed on',
  'request.top_n': 'null when the call does not say',
  'response.results[].fields': 'of the document that was sent, joined by index',
  'response.rows': 'number of results',
  'findings[].kind':
    'an [entity](resources.md) of the masking detectors, `INSTRUCTIONS`, `KEYWORD_STUFFING`, `NEAR_DUPLICATE`, or `DETECTOR_FAILED` where a detector did not look at everything',
  'findings[].path': 'a path of the facts, as `mask` takes it',
  'usage.exposure': 'only of fields that some policy reaches',
};

/** Facts that later versions fill. */
const NOT_YET = ['request.session', 'sql', 'vector'];

interface Row {
  readonly path: string;
  readonly schema: Schema;
}

function rowsOf(schema: Schema, path: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const own = path === '' ? name : `${path}.${name}`;
    if (NOT_YET.includes(own)) return [{ path: own, schema: {} }];
    if (member.items?.properties) return rowsOf(member.items, `${own}[]`);
    return member.properties && !member.patternProperties
      ? rowsOf(member, own)
      : [{ path: own, schema: member }];
  });
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.anyOf) {
    const options = schema.anyOf.flatMap((option) => (option.anyOf ? option.anyOf : [option]));
    return options.map(typeOf).join(' or ');
  }
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  return schema.patternProperties ? 'object' : (schema.type ?? 'any');
}

function meaningOf({ path, schema }: Row): string {
  if (NOT_YET.includes(path)) return 'not filled yet: empty in every call';
  const { minimum, maximum, anyOf } = schema;
  const described = schema.description ?? anyOf?.find(({ description }) => description)?.description;
  const range = maximum === undefined ? [] : [`${minimum} to ${maximum}`];
  return [described, MEANINGS[path], ...range].filter((part) => part !== undefined).join('; ');
}

/** docs/reference/facts.md, from the schema; its example comes from the code that gathers facts. */
export function factsPage(): string {
  const rows = rowsOf(FactsSchema as unknown as Schema, '');
  const unknown = [...Object.keys(MEANINGS)].filter((path) => !rows.some((row) => row.path === path));
  if (unknown.length > 0) throw new Error(`there are no such facts: ${unknown.join(', ')}`);
  const sample = sampleFacts();
  const filled = NOT_YET.filter((path) => !isEmpty(at(sample.response, path)));
  if (filled.length > 0) throw new Error(`these facts are filled by now: ${filled.join(', ')}`);
  return generatedPage('Facts', 'contract/src/facts', [
    `What a policy sees as \`input\`, for every dialect. Facts are **total**: every member is there in both phases
(\`null\`, \`[]\`, \`0\`), so that no rule falls silent because a fact is absent. In the response phase the facts of the
request are still there. Policy data are not facts: a policy sees its own under \`data\`.`,
    table(
      ['fact', 'type', 'meaning'],
      rows.map((row) => [
        code(`input.${row.path}`),
        NOT_YET.includes(row.path) ? '' : typeOf(row.schema),
        meaningOf(row),
      ]),
    ),
    `Only facts that some policy can reach are gathered: a policy that reads counts and identity costs the same for ten
documents as for ten thousand. \`rankguard policy check\` refuses a path that is not in this table.`,
    '## Structured documents',
    `A document is structured when it is an object (Cohere v1), a string that is one strict JSON object (how clients
of TEI and Cohere v2 send structure), or a string that is a YAML mapping (how LangChain does). Its members are \`fields\`.
An object with nothing but a \`text\` (NVIDIA NIM, Jina, Pinecone's client) is that text. Every other string has a text and
no fields.`,
    '## An example',
    'A TEI call with two texts, the first of which holds JSON, in the request phase:',
    `\`\`\`json\n${JSON.stringify(sample.request, null, 2)}\n\`\`\``,
    'What is different in the response phase:',
    `\`\`\`json\n${JSON.stringify(differences(sample.request, sample.response), null, 2)}\n\`\`\``,
  ]);
}

function at(facts: unknown, path: string): unknown {
  return path.split('.').reduce((value, name) => (value as Readonly<Record<string, unknown>>)[name], facts);
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === null || value === 0;
  return Object.values(value).every(isEmpty);
}

function differences(before: unknown, after: unknown): Readonly<Record<string, unknown>> {
  const old = before as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(after as object).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name]),
    ),
  );
}
