import type { Static } from 'typebox';
import {
  type Check,
  choice,
  type Found,
  flag,
  map,
  namespacedMetadata,
  object,
  optional,
  text,
} from './common.ts';

const KEY = { pattern: '^[-._a-zA-Z0-9]+$', hint: 'letters, digits, dashes, dots and underscores' };
const MEGABYTE = 1_048_576;

/** Base64 of RFC 4648 section 4; line breaks are ignored, as Go's decoder does. */
const base64: Check<string> = (value): readonly Found[] =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value.replace(/[\r\n]/g, ''))
    ? []
    : [{ message: 'expected base64; put plain text under `stringData`' }];

export const SecretSchema = object('Values that only the sidecar may read.', {
  apiVersion: choice(['v1'], 'Version of the API.'),
  kind: choice(['Secret'], 'Kind of the resource.'),
  metadata: namespacedMetadata,
  type: text('What the Secret is for, e.g. kubernetes.io/tls.', { default: 'Opaque' }),
  immutable: optional(flag('Whether the values are final.')),
  data: optional(
    map(text('A value in base64.', { min: 0, max: 2 * MEGABYTE, check: base64 }), 'Values in base64.', {
      max: 1024,
      keys: KEY,
    }),
  ),
  stringData: optional(
    map(
      text('A value as plain text.', { min: 0, max: MEGABYTE }),
      'Values as plain text; they win over `data`.',
      {
        max: 1024,
        keys: KEY,
      },
    ),
  ),
});

export type Secret = Static<typeof SecretSchema>;
