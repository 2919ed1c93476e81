import { type Static, Type } from 'typebox';
import {
  API_VERSION,
  type Check,
  choice,
  type Found,
  map,
  namespacedMetadata,
  object,
  optional,
  text,
} from './common.ts';

const REGO_FILE = { pattern: '^[A-Za-z0-9_][-._A-Za-z0-9]*\\.rego$', hint: 'a file name like ranking.rego' };
const regoText = (what: string) => text(what, { max: 262144 });

/** Members that RerankPolicy and ClusterRerankPolicy share. */
export const policyMembers = {
  mode: choice(
    ['enforce', 'shadow'],
    'enforce: what the policy says is done. shadow: it is decided, recorded and counted, and changes nothing.',
    { default: 'enforce' },
  ),
  modules: map(
    regoText("A module's Rego v1 text."),
    'Rego modules by file name, in packages under rankguard.',
    {
      min: 1,
      max: 32,
      keys: REGO_FILE,
    },
  ),
  data: Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    description: "The policy's own data documents: `data` to its Rego. No other policy sees them.",
    maxProperties: 256,
    default: {},
    'x-kubernetes-preserve-unknown-fields': true,
  }),
  tests: map(
    regoText("A test's Rego v1 text."),
    'Rego tests by file name. They must pass before the policy is put in force.',
    {
      max: 32,
      default: {},
      keys: REGO_FILE,
    },
  ),
};

interface PolicySpec {
  readonly modules: Record<string, string>;
  readonly tests: Record<string, string>;
  readonly data: Record<string, unknown>;
}

/** A module and a test live in one directory for the compiler, and packages live under `data.rankguard`. */
export const policyCheck: Check<object> = (value) => {
  const { modules, tests, data } = value as PolicySpec;
  const found: Found[] = Object.keys(tests)
    .filter((file) => Object.hasOwn(modules, file))
    .map((file) => ({ at: ['tests', file], message: 'a module has the same file name; rename the test' }));
  if (Object.hasOwn(data, 'rankguard')) {
    found.push({ at: ['data', 'rankguard'], message: 'packages live under `rankguard`; use another name' });
  }
  return found;
};

export const RerankPolicySchema = object('Rules in Rego for the connections that name it.', {
  apiVersion: choice([API_VERSION], 'Version of the API.'),
  kind: choice(['RerankPolicy'], 'Kind of the resource.'),
  metadata: namespacedMetadata,
  spec: object('What the policy says.', policyMembers, {
    check: policyCheck,
    elsewhere: {
      connectionSelector:
        'only a ClusterRerankPolicy selects connections; name this policy in the connection',
      namespaceSelector: 'only a ClusterRerankPolicy selects namespaces',
    },
  }),
});

export type RerankPolicy = Static<typeof RerankPolicySchema>;

export const selector = (description: string, what: string) =>
  optional(
    object(description, {
      matchLabels: map(
        text("The label's value.", { min: 0, max: 63 }),
        `Labels that ${what} must all have; none selects every one.`,
        { max: 64, default: {} },
      ),
    }),
  );
