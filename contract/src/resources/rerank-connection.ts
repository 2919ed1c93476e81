import { type Static, Type } from 'typebox';
import { DIALECT_NAMES } from '../bundle/index.ts';
import {
  API_VERSION,
  choice,
  dnsName,
  duration,
  flag,
  HINT,
  IMMUTABLE,
  labelSizedName,
  labels,
  list,
  map,
  namedRef,
  namespacedMetadata,
  object,
  optional,
  quantity,
  secretKey,
  text,
  whole,
} from './common.ts';
import { datasets, egress, identity, limits, models, tls } from './connection-parts.ts';

const portOrName = (description: string) =>
  Type.Unsafe<string | number>({
    description,
    'x-kubernetes-int-or-string': true,
    minimum: 1,
    maximum: 65535,
    maxLength: 15,
    pattern: '^([a-z0-9][-a-z0-9]*)?[a-z]([-a-z0-9]*[a-z0-9])?$',
    [HINT]: 'a port number, or the name of a container port',
    'x-kubernetes-validations': [IMMUTABLE],
  });

const ingress = object('The listener that callers reach.', {
  port: portOrName('The container port that the sidecar takes over, by name or number.'),
  capture: choice(
    ['auto', 'relocate', 'redirect', 'port-name'],
    'How the sidecar gets in front of the app.',
    {
      default: 'auto',
      rules: [IMMUTABLE],
    },
  ),
  server: optional(
    choice(
      ['tei', 'vllm', 'infinity', 'llama-cpp', 'triton', 'kserve-huggingface', 'support-search'],
      'A server that Rankguard knows how to move to another port. Without it the image says which one it is.',
    ),
  ),
  relocate: optional(
    object(
      'How to move a server that Rankguard does not know: to port $(RANKGUARD_APP_PORT) of $(RANKGUARD_APP_HOST).',
      {
        env: optional(
          map(text("The variable's value.", { min: 0, max: 4096 }), 'Environment variables to set.', {
            max: 64,
          }),
        ),
        args: optional(list(text('An argument.', { min: 0, max: 4096 }), 'Arguments to add.', { max: 64 })),
      },
    ),
  ),
  otherPorts: list(
    object('A port that stays as it is.', {
      port: whole('The port.', { min: 1, max: 65535 }),
      why: text('What it is for.', { max: 256 }),
    }),
    'Ports of the app that are not guarded; every other one is.',
    { max: 64, default: [] },
  ),
  dialects: list(
    choice(DIALECT_NAMES, 'A dialect.'),
    'Wire formats that callers may use. Their routes are the allowlist. `auto` is every format: a call is recognised by its route and the shape of its body, and refused where two formats read it differently.',
    { min: 1, max: 32, unique: true },
  ),
  upstreamKey: optional(
    secretKey(
      'Credential for the app, which then answers only to the sidecar. For `bedrock` and `sagemaker` a Bedrock API key, or what `aws configure export-credentials` prints, with `Region` where the host does not say it: calls are then signed with it.',
    ),
  ),
});

const masking = object(
  'How answers are masked.',
  {
    profile: optional(
      dnsName(
        'A MaskingProfile of this namespace, else a ClusterMaskingProfile. Without it every detector redacts.',
      ),
    ),
    order: choice(
      ['score-then-mask', 'mask-then-score'],
      'Answers are always masked; mask-then-score also masks query and documents on their way to the reranker.',
      { default: 'score-then-mask' },
    ),
    displacementPercent: whole(
      'With score-then-mask: the share of calls that are scored a second time, masked, after their answer, to measure how far masking first would move the results (rankguard_rank_displacement_positions). The upstream gets that many calls more.',
      { min: 0, max: 100, default: 0 },
    ),
  },
  { default: {} },
);

const ranking = object(
  'What callers learn of rank verbs.',
  {
    header: flag('Whether answers carry Rankguard-Ranking, which says what was removed and moved.', {
      default: false,
    }),
  },
  { default: {} },
);

const approvals = object(
  'How calls wait for a second person.',
  {
    holdSeconds: whole('How long a call waits before it is answered.', { min: 0, max: 300, default: 25 }),
    expireSeconds: whole('How long a decision can be made.', { min: 60, max: 604800, default: 3600 }),
    pendingMax: whole('How many requests may wait at once.', { min: 1, max: 10000, default: 100 }),
  },
  { default: {} },
);

const evidence = object(
  'What is recorded of each call.',
  {
    level: choice(
      ['metadata', 'masked', 'encrypted'],
      "metadata: no content. masked: masked facts. encrypted: exact facts too, for the data owner's key.",
      { default: 'masked' },
    ),
    retentionDays: whole('How long records are kept.', { min: 1, max: 36500, default: 400 }),
    required: flag('Whether calls are refused while evidence cannot be kept.', { default: false }),
  },
  { default: {} },
);

const sidecar = object("The sidecar's container.", {
  resources: optional(
    object('Compute resources; requests and limits are always set.', {
      requests: optional(map(quantity('An amount.'), 'What the sidecar is promised.', { max: 16 })),
      limits: optional(map(quantity('An amount.'), 'What the sidecar may use.', { max: 16 })),
    }),
  ),
  imagePullSecrets: optional(
    list(namedRef('Secret', 'A Secret of this namespace.'), "Secrets for pulling the sidecar's image.", {
      max: 16,
    }),
  ),
});

const spec = object('The service, who may call it, and under which rules.', {
  selector: object(
    'The pods that are guarded.',
    { matchLabels: labels('Labels that a pod must all have.', 1) },
    { rules: [IMMUTABLE] },
  ),
  ingress,
  egress,
  identity,
  models,
  datasets,
  policies: list(
    namedRef('RerankPolicy', 'A RerankPolicy of this namespace.'),
    'Policies that judge each call. Every ClusterRerankPolicy that selects the connection always applies.',
    { max: 32, unique: 'name', default: [] },
  ),
  masking,
  tls,
  ranking,
  approvals,
  evidence,
  limits,
  failure: object(
    'What happens when the operator cannot be reached.',
    {
      staleAfter: duration('How long the last good bundle serves.', {
        min: 60,
        max: 2_592_000,
        default: '24h',
      }),
    },
    { default: {} },
  ),
  sidecar: optional(sidecar),
});

export const RerankConnectionSchema = object(
  'One guarded reranking service.',
  {
    apiVersion: choice([API_VERSION], 'Version of the API.'),
    kind: choice(['RerankConnection'], 'Kind of the resource.'),
    metadata: namespacedMetadata,
    spec,
  },
  labelSizedName,
);

export type RerankConnection = Static<typeof RerankConnectionSchema>;
