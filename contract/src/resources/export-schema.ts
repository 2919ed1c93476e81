import { KINDS, type Kind } from './kinds.ts';
import { STATUS_SCHEMAS } from './status.ts';
import { type Structural, structural } from './structural.ts';

/** A schema as plain JSON. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * The structural schema of a kind, as a CustomResourceDefinition's `openAPIV3Schema` takes it. Fields with a
 * default are not required: the API server fills them in. Kinds of ours have the status that the operator writes.
 */
export function structuralSchema(kind: Kind): JsonSchema {
  const schema = plain(structural(KINDS[kind].schema), false);
  // The API server owns these three and takes no rules about them.
  const typeMeta = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };
  const status = kind === 'Secret' ? {} : { status: plain(structural(STATUS_SCHEMAS[kind]), false) };
  return { ...schema, properties: { ...(schema['properties'] as object), ...status, ...typeMeta } };
}

/** JSON Schema of a kind for editors and documentation: as above, and unknown fields are refused. */
export function jsonSchema(kind: Kind): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: kind,
    ...plain(structural(KINDS[kind].schema), true),
  };
}

function plain(schema: Structural, closed: boolean): JsonSchema {
  const { properties, required, items, additionalProperties, ...rest } = schema;
  const keywords = Object.entries(rest).filter(([name]) => !name.startsWith('x-rankguard-'));
  const needed = required?.filter((name) => properties?.[name]?.default === undefined);
  return {
    ...Object.fromEntries(keywords),
    ...(schema['x-kubernetes-int-or-string'] && { anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, member]) => [name, plain(member, closed)]),
      ),
    }),
    ...(needed?.length && { required: needed }),
    ...(properties && closed && { additionalProperties: false }),
    ...(items && { items: plain(items, closed) }),
    ...(additionalProperties && { additionalProperties: plain(additionalProperties, closed) }),
  };
}
