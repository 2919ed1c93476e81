import { KIND_NAMES, KINDS, type Kind } from '@rankguard/contract/resources';
import { code, codeList, generatedPage, table } from './markdown.ts';
import { refusedToday } from './refused-today.ts';

/** The keywords of the resources' schemas that this page shows. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly { readonly required: readonly string[] }[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly [keyword: `x-${string}`]: unknown;
}

/** What a newcomer wants to know beside the schema's own description. */
const MORE: Readonly<Partial<Record<Kind, string>>> = {
  RerankConnection: '`rankguard run` serves one of them.',
  RerankPolicy: 'See [how to write one](../how-to/write-a-policy.md).',
  MaskingProfile: 'See [how to write one](../how-to/mask-fields.md).',
  RerankApproval: '`rankguard run` reads it and does nothing with it.',
  Secret: "Kubernetes' own kind: `rankguard run` finds keys and certificates in it.",
};

/** Members that mean something in a cluster only: `rankguard run` passes over them. */
const CLUSTER_ONLY = [
  'spec.selector',
  'spec.ingress.port',
  'spec.ingress.capture',
  'spec.ingress.server',
  'spec.ingress.relocate',
  'spec.ingress.otherPorts',
  'spec.identity.serviceAccounts',
  'spec.approvals',
  'spec.evidence',
  'spec.failure',
  'spec.sidecar',
];

interface Row {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

function rowsOf(schema: Schema, path: string): readonly Row[] {
  const object = schema.type === 'array' ? schema.items : schema;
  const prefix = schema.type === 'array' ? `${path}[]` : path;
  return Object.entries(object?.properties ?? {}).flatMap(([name, member]) => {
    const own = prefix === '' ? name : `${prefix}.${name}`;
    const required = object?.required?.includes(name) === true && member.default === undefined;
    return [{ path: own, schema: member, required }, ...rowsOf(member, own)];
  });
}

function typeOf(schema: Schema): string {
  const { type, items, additionalProperties } = schema;
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (type === 'array') return `list of ${typeOf(items ?? {})}`;
  if (additionalProperties !== undefined) return `map to ${typeOf(additionalProperties)}`;
  return type ?? 'any';
}

function boundsOf({ minimum, maximum, items, ...schema }: Schema): string {
  const range = schema['x-rankguard-range'] as { min: number; max: number; words: string } | undefined;
  const values = schema.enum ?? items?.enum;
  if (values !== undefined) return values.length === 1 ? '' : ` One of ${codeList(values)}.`;
  if (range !== undefined) return ` ${capitalised(range.words)} from ${range.min} to ${range.max}.`;
  if (minimum !== undefined && maximum !== undefined) return ` From ${minimum} to ${maximum}.`;
  const hint = schema['x-rankguard-hint'];
  return typeof hint === 'string' ? ` Form: ${hint}.` : '';
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function choiceOf({ properties = {}, anyOf, ...schema }: Schema): string {
  if (Object.keys(properties).length > 1 && schema.minProperties === 1 && schema.maxProperties === 1)
    return ` Exactly one of ${codeList(Object.keys(properties))}.`;
  return anyOf === undefined
    ? ''
    : ` At least one of ${codeList(anyOf.flatMap(({ required }) => required))}.`;
}

function descriptionOf(kind: Kind, { path, schema }: Row, refused: ReadonlyMap<string, string>): string {
  const element = schema.items ?? schema;
  const planned = (element['x-rankguard-planned'] as readonly string[] | undefined) ?? [];
  const later = planned.length === 0 ? '' : ` **Later:** ${codeList(planned)}.`;
  const why = refused.get(`${kind} ${path}`);
  const today = why === undefined ? '' : ` **Refused today:** ${why}.`;
  const cluster = kind === 'RerankConnection' && CLUSTER_ONLY.includes(path) ? ' **Needs a cluster.**' : '';
  return `${schema.description ?? ''}${boundsOf(schema)}${choiceOf(element)}${later}${today}${cluster}`;
}

function defaultOf({ schema, required }: Row): string {
  if (required) return '**required**';
  return schema.default === undefined ? '' : code(JSON.stringify(schema.default).replace(/^"(.*)"$/, '$1'));
}

function tableOf(kind: Kind, schema: Schema, path: string, refused: ReadonlyMap<string, string>): string {
  const rows = rowsOf(schema, path).map((row) => [
    code(row.path),
    typeOf(row.schema),
    defaultOf(row),
    descriptionOf(kind, row, refused),
  ]);
  return table(['field', 'type', 'default', 'description'], rows);
}

const schemaOf = (kind: Kind) => KINDS[kind].schema as unknown as Schema;

function sectionOf(kind: Kind, refused: ReadonlyMap<string, string>): readonly string[] {
  const { apiVersion, scope, plural, shortName } = KINDS[kind];
  const short = shortName === null ? '' : `, short ${code(shortName)}`;
  const head = [
    `## ${kind}`,
    `${schemaOf(kind).description} ${MORE[kind] ?? ''}`.trimEnd(),
    `${code(apiVersion)}, ${scope === 'Cluster' ? 'for the whole cluster' : 'namespaced'}, ${code(plural)}${short}.`,
  ];
  if (kind === 'ClusterMaskingProfile')
    return [...head, 'Its `spec` is that of a [MaskingProfile](#maskingprofile).'];
  const { apiVersion: _, kind: __, metadata: ___, ...members } = schemaOf(kind).properties ?? {};
  const { required = [] } = schemaOf(kind);
  return [...head, tableOf(kind, { type: 'object', properties: members, required }, '', refused)];
}

/** docs/reference/resources.md, from the schemas and from what the resolver refuses. */
export function resourcesPage(): string {
  const refused = refusedToday();
  const metadata = schemaOf('RerankConnection').properties?.['metadata'] ?? {};
  return generatedPage('Resources', 'contract/src/resources', [
    `The resources are YAML. \`rankguard run -f DIR\` reads every \`.yaml\` and \`.yml\` file below a folder; several
resources in one file stand apart by \`---\`. Unknown fields are errors. All problems of all files are reported at once,
each with its line.`,
    `**Refused today** marks what this version understands and does not do yet: asking for it is the problem
CONFIG_UNSUPPORTED, so that nobody relies on it. **Later** lists values that are refused in the same way. **Needs a
cluster** marks what has no meaning for \`rankguard run\`: it is checked and then passed over.`,
    'Durations are written `90s`, `24h` or `1h30m`; quantities of bytes `500k`, `16Mi` or plain numbers.',
    '## Metadata',
    'Every resource has `apiVersion`, `kind` and `metadata`. Kinds for the whole cluster have no namespace.',
    tableOf('RerankConnection', metadata, 'metadata', new Map()),
    ...KIND_NAMES.flatMap((kind) => sectionOf(kind, refused)),
  ]);
}
