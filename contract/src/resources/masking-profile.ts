import type { Static } from 'typebox';
import { ENTITIES } from '../bundle/index.ts';
import { STRATEGIES } from '../verdict/index.ts';
import { factsPath, jsonPath } from './checks.ts';
import {
  API_VERSION,
  choice,
  dnsLabel,
  flag,
  list,
  namespacedMetadata,
  object,
  optional,
  secretKey,
  text,
  whole,
} from './common.ts';

const strategy = () =>
  choice(
    STRATEGIES,
    'What replaces a match. redact: a label. partial: all but a harmless rest. token: a keyed pseudonym that can be joined. surrogate: a made-up value of the same form. remove: nothing, the member goes too. null: JSON null.',
    { default: 'redact' },
  );

/** Members of every rule: what replaces a match, and when. */
const treatment = () => ({
  with: strategy(),
  keepLast: optional(
    whole(
      'How many characters `partial` keeps, 4 if not given; it keeps none when that were half of the value.',
      {
        min: 0,
        max: 16,
      },
    ),
  ),
  direction: optional(
    choice(
      ['request', 'response'],
      'Only what goes to the upstream (with order mask-then-score), or only what comes from it; both if not given.',
    ),
  ),
  groups: optional(groups('Only for callers in one of these groups.')),
  exceptGroups: optional(groups('Not for callers in one of these groups: they see what others do not.')),
});

const groups = (description: string) =>
  list(text('A group of the caller, as the facts have it.', { max: 256 }), description, {
    min: 1,
    max: 16,
    unique: true,
  });

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
    ...treatment(),
  },
  { anyOf: ['names', 'paths', 'facts'] },
);

const detector = object('Detectors and what replaces what they find.', {
  entities: list(
    choice([...ENTITIES, '*'], 'A detector; * is every detector of this version.'),
    'Detectors.',
    { min: 1, max: 256, unique: true },
  ),
  ...treatment(),
});

const threshold = object('The least score of one kind of finding.', {
  entity: choice([...ENTITIES], 'A detector.'),
  score: whole('From 0, whatever might be one, to 100, only what is certain. The detectors take 50.', {
    min: 0,
    max: 100,
  }),
});

const denied = object('A value that is always masked.', {
  value: text('The value; compared without case, as whole words.', { max: 256 }),
  entity: choice([...ENTITIES], 'What it is; the rule of that detector says how it is masked.'),
});

const pattern = object('A pattern of your own.', {
  name: dnsLabel('Name of the pattern, in metrics and records.'),
  pattern: text('A regular expression that runs in linear time (RE2 syntax).', { max: 1024 }),
  ...treatment(),
});

/** Names of the sets of rules that ship with Rankguard. */
export const PRESETS = ['default', 'pii', 'pci', 'phi', 'credentials'] as const;
export type Preset = (typeof PRESETS)[number];

export const profileSpec = object(
  'What is masked, and how.',
  {
    presets: optional(
      list(
        choice([...PRESETS], 'A preset.'),
        'Sets of rules that ship with Rankguard; their matches are redacted.',
        {
          min: 1,
          max: 16,
          unique: true,
        },
      ),
    ),
    tokenKey: optional(
      secretKey('Key of `with: token` and `with: surrogate`: equal values get equal tokens.'),
    ),
    fields: optional(list(field, 'Members of bodies and documents.', { min: 1, max: 256 })),
    detectors: optional(list(detector, 'Detectors of personal data in text.', { min: 1, max: 64 })),
    patterns: optional(list(pattern, 'Patterns in text.', { min: 1, max: 64, unique: 'name' })),
    thresholds: optional(
      list(threshold, "Least scores, where they are not the detectors' own.", {
        min: 1,
        max: 128,
        unique: 'entity',
      }),
    ),
    allow: optional(
      list(
        text('A value; compared by letters and digits, without case.', { max: 256 }),
        'Values that no detector finds.',
        {
          min: 1,
          max: 256,
          unique: true,
        },
      ),
    ),
    deny: optional(list(denied, 'Values that are always found.', { min: 1, max: 256 })),
    tokenDomain: optional(
      text('Tokens and surrogates of different domains cannot be joined, though they have one key.', {
        max: 64,
      }),
    ),
    restore: flag(
      'With order mask-then-score: where an answer carries a token or surrogate that was made for this very call, the caller gets the value that it sent itself.',
      { default: false },
    ),
    unreadable: choice(['refuse', 'drop'], 'What is done about a part of a body that cannot be read.', {
      default: 'refuse',
    }),
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
