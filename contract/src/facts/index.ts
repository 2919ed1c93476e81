import { type Static, type TSchema, Type } from 'typebox';

const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Claims = Type.Record(Type.String(), Type.Unknown());

export const IdentitySchema = Type.Object({
  kind: Type.Union([Type.Literal('user'), Type.Literal('workload'), Type.Literal('anonymous')]),
  subject: nullable(Text),
  issuer: nullable(Text),
  groups: Type.Array(Text),
  claims: Claims,
  token: Type.Object({
    id: nullable(Text),
    expires: nullable(Type.Integer({ description: 'unix seconds' })),
    purpose: nullable(Text),
    scopes: Type.Array(Text),
  }),
  workload: Type.Object({
    namespace: nullable(Text),
    serviceAccount: nullable(Text),
    pod: nullable(Text),
    node: nullable(Text),
  }),
});

export const DocumentSchema = Type.Object({
  index: Type.Integer({ minimum: 0, description: "place in the caller's own list" }),
  id: nullable(Text),
  text: Text,
  fields: Type.Record(Type.String(), Type.Unknown(), {
    description: 'members of a structured document, also of JSON inside a string',
  }),
});

export const ResultSchema = Type.Object({
  index: Type.Integer({ minimum: 0, description: "place in the caller's own list" }),
  id: nullable(Text),
  rank: Type.Integer({ minimum: 0, description: '0 is the best' }),
  score: nullable(Type.Number()),
  fields: Type.Record(Type.String(), Type.Unknown()),
});

/** What one identity did on one connection within a window of time; the call at hand is not counted yet. */
const WindowSchema = Type.Object({
  calls: Type.Integer({ minimum: 0, description: 'judged calls, denied ones included' }),
  documents: Type.Integer({ minimum: 0, description: 'candidates that were sent to the reranker' }),
  rows: Type.Integer({ minimum: 0, description: 'results that were handed out' }),
  cost: Type.Number({
    minimum: 0,
    description: 'search units of the candidates that were sent, one for up to 100 of a call',
  }),
  denied: Type.Integer({ minimum: 0, description: 'calls that were refused with a 4xx' }),
});

export const UsageSchema = Type.Object({
  minute: WindowSchema,
  hour: WindowSchema,
  day: WindowSchema,
  novel: Type.Object({
    identity: Type.Boolean({ description: 'no call of this identity was answered before' }),
    dataset: Type.Boolean({ description: 'no call of this identity for this data set was answered before' }),
    model: Type.Boolean({ description: 'no call of this identity for this model was answered before' }),
  }),
  exposure: Type.Record(Type.String(), Type.Unknown(), {
    description:
      'per field of result documents and value: what was shown on this connection within a day, each result weighted with 1 / log2(rank + 2)',
  }),
  since: Type.Integer({
    minimum: 0,
    description:
      'unix seconds from which on the counters are complete, but for what `lag` says; 0: nothing is counted',
  }),
  lag: nullable(
    Type.Number({
      minimum: 0,
      description:
        'seconds since everything was known that the other sidecars of this connection had counted; null: only the calls of this one are counted',
    }),
  ),
});

export const FindingSchema = Type.Object({
  kind: Type.String({ description: 'what was found, e.g. `EMAIL_ADDRESS`, or `DETECTOR_FAILED`' }),
  path: Type.String({
    description: 'where, e.g. `query`, `documents[3].text` or `documents[3].fields.title`',
  }),
  index: nullable(
    Type.Integer({ minimum: 0, description: "the candidate's place in the caller's own list" }),
  ),
  count: Count,
  score: Type.Number({ minimum: 0, maximum: 1, description: 'how sure the detector is' }),
  source: Type.String({ description: 'the detector: `pii`, `instructions`, `stuffing` or `duplicates`' }),
});

/**
 * The immutable, typed description of one call: what checks and Rego see as `input`.
 * Total: every member is present in both phases (null, [], 0), so that no rule vanishes because a fact is absent.
 */
export const FactsSchema = Type.Object({
  phase: Type.Union([Type.Literal('request'), Type.Literal('response')]),
  connection: Type.Object({
    namespace: Text,
    name: Text,
    listener: Text,
    direction: Type.Union([Type.Literal('ingress'), Type.Literal('egress')]),
    protocol: Text,
    dialect: Text,
  }),
  identity: IdentitySchema,
  request: Type.Object({
    id: Text,
    session: nullable(Text),
    time: Type.Object({
      unix: Type.Integer({ description: 'seconds' }),
      weekday: Type.Integer({ minimum: 0, maximum: 6, description: 'UTC, 0 is Sunday' }),
      hour: Type.Integer({ minimum: 0, maximum: 23, description: 'UTC' }),
    }),
    method: Text,
    path: Text,
    operation: Text,
    model: nullable(Text),
    model_version: nullable(Text),
    dataset: nullable(Text),
    dataset_source: nullable(
      Type.Union(['fixed', 'token', 'route', 'header', 'body'].map((v) => Type.Literal(v))),
    ),
    query: nullable(Text),
    documents: Type.Array(DocumentSchema),
    counts: Type.Object({ documents: Count, bytes: Count, tokens_estimate: Count }),
    top_n: nullable(Count),
    cost_estimate: Type.Number({ minimum: 0 }),
    digest: Type.String({ description: 'sha256 of the body, lower-case hex' }),
    justification: nullable(Text),
  }),
  sql: Type.Object({ statements: Type.Array(Type.Unknown()) }),
  vector: Type.Object({
    collection: nullable(Text),
    scope: nullable(Text),
    filter: Type.Unknown(),
    limit: nullable(Count),
  }),
  response: Type.Object({
    status: Type.Integer({ minimum: 0, description: '0 in the request phase' }),
    results: Type.Array(ResultSchema),
    rows: Count,
    bytes: Count,
  }),
  findings: Type.Array(FindingSchema),
  usage: UsageSchema,
});

export type Facts = Static<typeof FactsSchema>;
export type Identity = Static<typeof IdentitySchema>;
export type DocumentFacts = Static<typeof DocumentSchema>;
export type ResultFacts = Static<typeof ResultSchema>;
export type Finding = Static<typeof FindingSchema>;
export type UsageFacts = Static<typeof UsageSchema>;
export type UsageWindow = Static<typeof WindowSchema>;

export const ANONYMOUS: Identity = Object.freeze({
  kind: 'anonymous',
  subject: null,
  issuer: null,
  groups: [],
  claims: {},
  token: { id: null, expires: null, purpose: null, scopes: [] },
  workload: { namespace: null, serviceAccount: null, pod: null, node: null },
});

const EMPTY_WINDOW: UsageWindow = Object.freeze({ calls: 0, documents: 0, rows: 0, cost: 0, denied: 0 });

/** Usage where nothing is counted. */
export const NO_USAGE: UsageFacts = Object.freeze({
  minute: EMPTY_WINDOW,
  hour: EMPTY_WINDOW,
  day: EMPTY_WINDOW,
  novel: { identity: false, dataset: false, model: false },
  exposure: {},
  since: 0,
  lag: null,
});
