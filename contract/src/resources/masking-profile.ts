import type { Static } from 'typebox';
import { ENTITIES } from '../bundle/index.ts';
import { STRATEGIES } from '../verdict/index.ts';
import { factsPath, jsonPath } from './checks.ts';
import {
  API_VERSION,
  choice,
  dnsLabel,
  list,
  namespacedMetadata,
  object,
  optional,
  secretKey,
  text,
} from './common.ts';

const strategy = () =>
  choice(
    STRATEGIES,
    'What replaces a match. redact: a label. partial: all but a harmless rest. token: a keyed pseudonym that can be joined. surrogate: a made-up value of the same form. remove: nothing, the member goes too. null: JSON null.',
    { default: 'redact' },
  );

const field = object(
  'Members that are masked wherever they are named.',
  {
    names: optional(
      list(
        text('A member name; * stands for any characters.', { max: 128 }),
        'Member names, compared without case and punctuation.',
        {
          min: 1,
          max: 256,
          unique: true,
        },
      ),
    ),
    paths: optional(
      list(
        text('JSONPath (RFC 9535) of child, index, wildcard and descendant segments.', {
          max: 512,
          check: jsonPath,
        }),
        'Paths in a body.',
        { min: 1, max: 256, unique: true },
      ),
    ),
    facts: optional(
      list(
        text('Path of the facts, e.g. documents[*].fields.email.', { max: 512, check: factsPath }),
        'Paths of the facts, whatever the dialect.',
        {
          min: 1,
          max: 256,
          unique: true,
        },
      ),
    ),
    with: strategy(),
  },
  { anyOf: ['names', 'paths', 'facts'] },
);

const detector = object('Detectors and what replaces what they find.', {
  entities: list(
    choice([...ENTITIES, '*'], 'A detector; * is every detector of this version.'),
    'Detectors.',
    { min: 1, max: 256, unique: true },
  ),
  with: strategy(),
});

const pattern = object('A pattern of your own.', {
  name: dnsLabel('Name of the pattern, in metrics and records.'),
  pattern: text('A regular expression that runs in linear time (RE2 syntax).', { max: 1024 }),
  with: strategy(),
});

export const profileSpec = object(
  'What is masked, and how.',
  {
    presets: optional(
      list(choice(['pci', 'phi', 'credentials'], 'A preset.'), 'Sets of rules that ship with Rankguard.', {
        min: 1,
        max: 16,
        unique: true,
      }),
    ),
    tokenKey: optional(
      secretKey('Key of `with: token` and `with: surrogate`: equal values get equal tokens.'),
    ),
    fields: optional(list(field, 'Members of bodies and documents.', { min: 1, max: 256 })),
    detectors: optional(list(detector, 'Detectors of personal data in text.', { min: 1, max: 64 })),
    patterns: optional(list(pattern, 'Patterns in text.', { min: 1, max: 64, unique: 'name' })),
  },
  { anyOf: ['fields', 'detectors', 'presets', 'patterns'] },
);

export const MaskingProfileSchema = object('Rules for masking personal data.', {
  apiVersion: choice([API_VERSION], 'Version of the API.'),
  kind: choice(['MaskingProfile'], 'Kind of the resource.'),
  metadata: namespacedMetadata,
  spec: profileSpec,
});

export type MaskingProfile = Static<typeof MaskingProfileSchema>;
