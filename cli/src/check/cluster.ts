import { type KubeObject, RESOURCES, type Resource, unlessMissing } from '@rankguard/operator/kube';
import { POLICY_NAMES } from '@rankguard/operator/webhooks';
import { type Check, type CheckContext, failed, ok, warning } from './types.ts';

const OLDEST_MINOR = 33;
const resource = (group: string, plural: string, kind: string, namespaced = false): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const POLICIES = resource(
  'admissionregistration.k8s.io',
  'validatingadmissionpolicies',
  'ValidatingAdmissionPolicy',
);
const BINDINGS = resource(
  'admissionregistration.k8s.io',
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
);
const SELF_REVIEWS = resource('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview');
const KINDS = [
  'rerankconnections',
  'rerankpolicies',
  'clusterrerankpolicies',
  'maskingprofiles',
  'clustermaskingprofiles',
  'rerankapprovals',
];

const CATEGORY = 'cluster';

export const apiServer: Check = {
  category: CATEGORY,
  name: 'the API server answers, and is new enough',
  fatal: true,
  async run({ kube }) {
    const { major, minor, gitVersion } = (await kube.raw('/version')) as Readonly<Record<string, string>>;
    const number = Number.parseInt(minor ?? '', 10);
    if (major === '1' && number < OLDEST_MINOR) {
      return failed(`it is ${gitVersion}; native sidecars need 1.${OLDEST_MINOR}`);
    }
    return ok(gitVersion);
  },
};

export const nodes: Check = {
  category: CATEGORY,
  name: 'every kubelet runs native sidecars',
  async run({ kube }) {
    const { items } = await kube.list<never>({ ...resource('', 'nodes', 'Node'), group: '' });
    const old = (items as readonly NodeObject[]).filter(
      ({ status }) =>
        Number(/^v1\.(\d+)/.exec(status?.nodeInfo?.kubeletVersion ?? '')?.[1] ?? 0) < OLDEST_MINOR,
    );
    if (old.length === 0) return ok(`${items.length} nodes`);
    return warning(`pods cannot be guarded on ${old.map(({ metadata }) => metadata.name).join(', ')}`);
  },
};
interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly nodeInfo?: { readonly kubeletVersion?: string } };
}

const NEEDED = [
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
  ['rbac.authorization.k8s.io', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'clusterrolebindings'],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicies'],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicybindings'],
] as const;

export const mayInstall: Check = {
  category: CATEGORY,
  name: 'you may create what the chart installs',
  async run({ kube }) {
    const refused: string[] = [];
    for (const [group, plural] of NEEDED) {
      const spec = { resourceAttributes: { group, resource: plural, verb: 'create' } };
      const answer = (await kube.create<never>(SELF_REVIEWS, { spec })) as { status?: { allowed?: boolean } };
      if (answer.status?.allowed !== true) refused.push(plural);
    }
    return refused.length === 0 ? ok() : failed(`not allowed: create ${refused.join(', ')}`);
  },
};

export const policiesServed: Check = {
  category: CATEGORY,
  name: 'ValidatingAdmissionPolicies are served',
  async run({ kube }) {
    await kube.raw('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies');
    return ok();
  },
};

export const crdsEstablished: Check = {
  category: 'installation',
  name: 'the CustomResourceDefinitions are established',
  async run({ kube }) {
    const { items } = await kube.list<never>(RESOURCES.definitions);
    const established = (items as readonly CrdObject[])
      .filter(({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True'),
      )
      .map(({ metadata }) => metadata.name);
    const missing = KINDS.map((plural) => `${plural}.rankguard.dev`).filter(
      (name) => !established.includes(name),
    );
    return missing.length === 0 ? ok() : failed(`missing: ${missing.join(', ')}; install the chart`);
  },
};
interface CrdObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const policiesInForce: Check = {
  category: 'installation',
  name: 'the ValidatingAdmissionPolicies are bound, and deny',
  async run({ kube }) {
    const missing: string[] = [];
    for (const name of Object.values(POLICY_NAMES)) {
      if (!(await exists(kube, POLICIES, name))) missing.push(name);
      const actions = await actionsOf(kube, name);
      if (!actions.includes('Deny')) missing.push(`binding ${name}`);
    }
    if (missing.length === 0) return ok();
    return failed(`missing or not denying: ${missing.join(', ')}; without them a deleted webhook opens pods`);
  },
};

async function exists(kube: CheckContext['kube'], of: Resource, name: string): Promise<boolean> {
  return (await unlessMissing(kube.get(of, { name }))) !== undefined;
}

async function actionsOf(kube: CheckContext['kube'], name: string): Promise<readonly string[]> {
  const binding = await unlessMissing(kube.get<BindingObject>(BINDINGS, { name }));
  return binding?.spec?.validationActions ?? [];
}
interface BindingObject extends KubeObject {
  readonly spec?: { readonly validationActions?: readonly string[] };
}
