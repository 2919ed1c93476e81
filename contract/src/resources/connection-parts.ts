import { claimPath, headerName, issuerUrl } from './checks.ts';
import {
  bytes,
  caBundle,
  choice,
  dnsLabel,
  dnsName,
  type Found,
  list,
  map,
  object,
  optional,
  secretKey,
  text,
  whole,
} from './common.ts';
import { parseQuantity } from './units.ts';

const audiences = () =>
  list(text('An audience.', { max: 512 }), 'Audiences that a token may be issued for; one must be there.', {
    min: 1,
    max: 32,
    unique: true,
  });

const claimName = (description: string) => text(description, { max: 256, check: claimPath });

const issuer = object('Somebody whose access tokens are trusted.', {
  issuer: text('Issuer URL, exactly as in the `iss` claim. Keys come from its discovery document.', {
    max: 1024,
    check: issuerUrl,
  }),
  audiences: audiences(),
  claims: map(
    claimName('A claim of the token; nested claims are written with dots, e.g. realm_access.roles.'),
    'Where facts come from. `groups`, `purpose` and `scopes` fill the facts of that name (without an entry from the claims groups, purpose, and scope or scp); any other name becomes identity.claims.NAME.',
    {
      max: 64,
      keys: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', hint: 'a name like groups' },
      default: {},
    },
  ),
  caBundle: optional(
    caBundle("Certificates to trust in place of the system's when fetching the issuer's keys."),
  ),
  kubernetesUser: optional(
    object(
      'How a subject of this issuer is named as a Kubernetes user, so that nobody approves their own request.',
      {
        claim: claimName('The claim that holds the name.'),
        prefix: optional(text('What the API server puts before the name.', { min: 0, max: 256 })),
      },
    ),
  ),
});

export const identity = object('Who may call.', {
  issuers: list(issuer, 'OpenID Connect issuers.', { max: 16, unique: 'issuer', default: [] }),
  serviceAccounts: optional(
    object("Callers in the cluster, by their pod's projected token.", { audiences: audiences() }),
  ),
  anonymous: choice(['deny', 'allow'], 'What happens to calls without a token. allow: policies judge them.', {
    default: 'deny',
  }),
});

export const egress = list(
  object('An upstream that the pod may call through the sidecar.', {
    name: dnsLabel('Name of the listener.'),
    protocol: choice(['http', 'postgres'], 'Protocol on the wire.'),
    dialect: text('Wire format, e.g. qdrant.', { max: 63 }),
    host: text('Host name of the upstream.'),
    port: whole('Port of the upstream.', { min: 1, max: 65535 }),
    credential: optional(secretKey("The upstream's credential; the app never sees it.")),
  }),
  'Listeners for calls that leave the pod.',
  { max: 32, unique: 'name', default: [] },
);

export const models = optional(
  list(
    object('A model.', {
      name: text('Name, as callers write it.', { max: 256 }),
      version: optional(text('Version, for the facts.', { max: 128 })),
    }),
    'Models that callers may ask for; any without it.',
    { min: 1, max: 64, unique: 'name' },
  ),
);

export const datasets = optional(
  object('Which data set a call is about.', {
    from: object(
      "Where the data set's name comes from.",
      {
        fixed: optional(text('Always this name.')),
        header: optional(text("A request header: the caller's own word.", { max: 128, check: headerName })),
        body: optional(
          text("A member of the request body: the caller's own word.", {
            max: 128,
            pattern: '^[A-Za-z_][-A-Za-z0-9_]*$',
            hint: 'a member name like dataset',
          }),
        ),
        token: optional(claimName("A claim of the access token, or a name of the issuer's `claims`.")),
      },
      { exactlyOne: true },
    ),
  }),
);

export const tls = optional(
  object('Certificates.', {
    listener: optional(
      object('For callers; plain HTTP without it.', {
        secretName: dnsName('A Secret of type kubernetes.io/tls.'),
      }),
    ),
    upstream: optional(
      object('For the call to the app.', {
        caBundle: caBundle("Certificates to trust in place of the system's when calling the app."),
      }),
    ),
  }),
);

const KIB = 1024;
const GIB = 1024 ** 3;

function limitsCheck(value: object): readonly Found[] {
  const { requestBytes, bufferedBytes } = value as { requestBytes: string; bufferedBytes: string };
  const needed = parseQuantity(requestBytes);
  const held = parseQuantity(bufferedBytes);
  if (needed === undefined || held === undefined || held >= needed) return [];
  return [
    { at: ['bufferedBytes'], message: 'smaller than `requestBytes`: the largest call could never be read' },
  ];
}

export const limits = object(
  'Bounds; a call over one is refused.',
  {
    requestBytes: bytes('Largest request body.', { min: KIB, max: GIB, default: '16Mi' }),
    responseBytes: bytes('Largest response body.', { min: KIB, max: GIB, default: '16Mi' }),
    bufferedBytes: bytes('Bytes held for all calls together.', { min: KIB, max: 16 * GIB, default: '64Mi' }),
    documents: whole('Most candidate documents in a call.', { min: 1, max: 100000, default: 1000 }),
    concurrency: whole('Most calls at once.', { min: 1, max: 100000, default: 256 }),
    timeoutSeconds: whole('How long the app may take to answer.', { min: 1, max: 3600, default: 60 }),
  },
  { default: {}, check: limitsCheck },
);
