import type { TSchema } from 'typebox';
import type { CHECK, ELSEWHERE, Found, HINT, KEYS, PLANNED, RANGE, Range } from './common.ts';

/** The part of JSON Schema that the resources use: what Kubernetes calls a structural schema. */
export interface Structural {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Structural>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Structural;
  readonly anyOf?: readonly { readonly required: readonly string[] }[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Structural;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
  readonly [HINT]?: string;
  readonly [CHECK]?: (value: unknown) => readonly Found[];
  readonly [PLANNED]?: readonly string[];
  readonly [KEYS]?: { readonly pattern: string; readonly hint: string };
  readonly [RANGE]?: Range;
  readonly [ELSEWHERE]?: Readonly<Record<string, string>>;
}

/** The one place where the builder's type is left behind: the builders of common.ts make nothing else. */
export const structural = (schema: TSchema): Structural => schema as Structural;
