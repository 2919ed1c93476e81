import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import type { ReasonCode } from '../reasons/index.ts';
import type { Path } from './paths.ts';
import { DURATION_PATTERN, parseDuration, parseQuantity, QUANTITY_PATTERN } from './units.ts';

export const API_VERSION = 'rankguard.dev/v1alpha1';

/** Something that a check found wrong, relative to the value that was checked. */
export interface Found {
  readonly at?: Path;
  /** Never holds the value: it may be a secret in the wrong place. */
  readonly message: string;
  readonly code?: ReasonCode;
}
export type Check<T> = (value: T) => readonly Found[];

/**
 * Keywords beside JSON Schema. They never leave this folder: the exports strip them.
 * A field with a default counts as present once defaults are applied, so its type is not optional.
 */
export const HINT = 'x-rankguard-hint';
export const CHECK = 'x-rankguard-check';
export const PLANNED = 'x-rankguard-planned';
export const KEYS = 'x-rankguard-keys';
export const RANGE = 'x-rankguard-range';
export const ELSEWHERE = 'x-rankguard-elsewhere';

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly words: string;
  parse(value: string | number): number | undefined;
}

/** A rule in CEL that the API server evaluates. `oldSelf` makes it a rule about changes. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}
export const IMMUTABLE: CelRule = { rule: 'self == oldSelf', message: 'cannot be changed' };

/** A connection's name becomes the value of a label. */
const LABEL_MAX = 63;
export const labelSizedName = {
  rules: [
    {
      rule: `self.metadata.name.size() <= ${LABEL_MAX}`,
      message: `a name of at most ${LABEL_MAX} characters is needed`,
    },
  ],
  check: (value: object): readonly Found[] =>
    (value as { metadata: { name: string } }).metadata.name.length <= LABEL_MAX
      ? []
      : [{ at: ['metadata', 'name'], message: `longer than ${LABEL_MAX} characters` }],
};

interface Common<T> {
  readonly default?: NoInfer<T>;
  readonly check?: Check<T>;
  readonly rules?: readonly CelRule[];
}

function common<T>({ default: initial, check, rules }: Common<T>) {
  return {
    ...(initial !== undefined && { default: initial }),
    ...(check && { [CHECK]: check }),
    ...(rules && { 'x-kubernetes-validations': rules }),
  };
}

export interface TextOptions extends Common<string> {
  readonly min?: number;
  readonly max?: number;
  /** Must mean the same in ECMAScript and in RE2: no lookaround, no back-references. */
  readonly pattern?: string;
  /** What the pattern stands for, as in "expected …". */
  readonly hint?: string;
}
export function text(description: string, { min = 1, max = 253, pattern, hint, ...rest }: TextOptions = {}) {
  return Type.String({
    description,
    ...(min > 0 && { minLength: min }),
    maxLength: max,
    ...(pattern !== undefined && { pattern }),
    ...(hint !== undefined && { [HINT]: hint }),
    ...common(rest),
  });
}

export interface ChoiceOptions<T extends string> extends Common<T> {
  /** Values that a later version takes: refused as unsupported, not as unknown. */
  readonly planned?: readonly string[];
}
export function choice<const T extends string>(
  values: readonly T[],
  description: string,
  { planned, ...rest }: ChoiceOptions<T> = {},
) {
  return Type.Unsafe<T>({
    type: 'string',
    description,
    enum: [...values],
    ...(planned && { [PLANNED]: planned }),
    ...common(rest),
  });
}

export function whole(
  description: string,
  { min, max, ...rest }: { readonly min: number; readonly max: number } & Common<number>,
) {
  return Type.Integer({ description, minimum: min, maximum: max, ...common(rest) });
}

export function flag(description: string, options: Common<boolean> = {}) {
  return Type.Boolean({ description, ...common(options) });
}

export interface ListOptions<T> extends Common<T[]> {
  readonly min?: number;
  readonly max: number;
  /** `true` for a set of scalars; a member's name for objects that it tells apart. */
  readonly unique?: true | string;
}
export function list<S extends TSchema>(
  items: S,
  description: string,
  { min, max, unique, ...rest }: ListOptions<Static<S>>,
) {
  return Type.Unsafe<Static<S>[]>({
    type: 'array',
    description,
    items,
    ...(min !== undefined && { minItems: min }),
    maxItems: max,
    ...(unique === true && { 'x-kubernetes-list-type': 'set' }),
    ...(typeof unique === 'string' && {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': [unique],
    }),
    ...common(rest),
  });
}

export interface MapOptions<T> extends Common<Record<string, T>> {
  readonly min?: number;
  readonly max: number;
  readonly keys?: { readonly pattern: string; readonly hint: string };
}
export function map<S extends TSchema>(
  values: S,
  description: string,
  { min, max, keys, ...rest }: MapOptions<Static<S>>,
) {
  return Type.Unsafe<Record<string, Static<S>>>({
    type: 'object',
    description,
    additionalProperties: values,
    ...(min !== undefined && { minProperties: min }),
    maxProperties: max,
    ...(keys && { [KEYS]: keys }),
    ...common(rest),
  });
}

export interface ObjectOptions extends Common<object> {
  /** At least one of these members must be there. */
  readonly anyOf?: readonly string[];
  /** Exactly one of all members must be there. */
  readonly exactlyOne?: true;
  /** Members that belong to another kind, and why. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}
export function object<P extends TProperties>(
  description: string,
  properties: P,
  { anyOf, exactlyOne, elsewhere, ...rest }: ObjectOptions = {},
) {
  return Type.Object(properties, {
    description,
    ...(anyOf && { anyOf: anyOf.map((member) => ({ required: [member] })) }),
    ...(exactlyOne && { minProperties: 1, maxProperties: 1 }),
    ...(elsewhere && { [ELSEWHERE]: elsewhere }),
    ...common(rest),
  });
}

export const optional = Type.Optional;

/** A duration such as `24h`; bounds in seconds. */
export function duration(
  description: string,
  { min, max, ...rest }: { readonly min: number; readonly max: number } & Common<string>,
) {
  const range: Range = {
    min,
    max,
    words: 'a duration of seconds',
    parse: (value) => parseDuration(String(value)),
  };
  return Type.String({
    description,
    maxLength: 32,
    pattern: DURATION_PATTERN,
    [HINT]: 'a duration like 24h, 90s or 1h30m',
    [RANGE]: range,
    ...common(rest),
  });
}

/** A number of bytes such as `16Mi`; bounds in bytes. */
export function bytes(
  description: string,
  { min, max, ...rest }: { readonly min: number; readonly max: number } & Common<string | number>,
) {
  const range: Range = { min, max, words: 'a quantity of bytes', parse: parseQuantity };
  return Type.Unsafe<string | number>({ ...quantityBase(description), [RANGE]: range, ...common(rest) });
}

/** Any quantity of a Kubernetes resource: `500m`, `128Mi`. */
export function quantity(description: string) {
  return Type.Unsafe<string | number>(quantityBase(description));
}

function quantityBase(description: string) {
  return {
    description,
    'x-kubernetes-int-or-string': true,
    maxLength: 32,
    pattern: QUANTITY_PATTERN,
    minimum: 0,
    [HINT]: 'a quantity like 16Mi',
  };
}

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
/** DNS label (RFC 1123): names of namespaces and ports. */
export const dnsLabel = (description: string, options: Common<string> = {}) =>
  text(description, {
    max: 63,
    pattern: `^${LABEL}$`,
    hint: 'lower-case letters, digits and dashes',
    ...options,
  });
/** DNS subdomain (RFC 1123): names of most resources. */
export const dnsName = (description: string) =>
  text(description, {
    max: 253,
    pattern: `^${LABEL}(\\.${LABEL})*$`,
    hint: 'lower-case letters, digits, dashes and dots',
  });

export const namedRef = (what: string, description: string) =>
  object(description, { name: dnsName(`Name of the ${what}.`) });

export const secretKey = (description: string) =>
  object(description, {
    secretKeyRef: object('The Secret, in the namespace of the connection.', {
      name: dnsName('Name of the Secret.'),
      key: text('Key inside the Secret.', {
        pattern: '^[-._a-zA-Z0-9]+$',
        hint: 'letters, digits, dashes, dots and underscores',
      }),
    }),
  });

export const labels = (description: string, min = 0) =>
  map(text("The label's value.", { min: 0, max: 63 }), description, {
    max: 64,
    ...(min > 0 && { min }),
    keys: {
      pattern: '^([a-z0-9.-]+/)?[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$',
      hint: 'a label key like app',
    },
  });

/** PEM certificates, as text. */
export const caBundle = (description: string) =>
  text(description, {
    max: 65536,
    pattern: '-----BEGIN CERTIFICATE-----',
    hint: 'certificates in PEM form, beginning with -----BEGIN CERTIFICATE-----',
  });

/** Metadata that people write. What the API server adds is dropped before validation. */
const metadataMembers = {
  name: dnsName('Name of the resource.'),
  labels: optional(labels('Labels of the resource.')),
  annotations: optional(
    map(text("The annotation's value.", { min: 0, max: 262144 }), 'Annotations of the resource.', {
      max: 256,
    }),
  ),
};
export const namespacedMetadata = object('Name, namespace, labels and annotations.', {
  ...metadataMembers,
  namespace: dnsLabel('Namespace of the resource.', { default: 'default' }),
});
export const clusterMetadata = object('Name, labels and annotations.', metadataMembers, {
  elsewhere: { namespace: 'the kind is for the whole cluster' },
});
