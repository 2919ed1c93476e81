import {
  ANNOTATIONS,
  ENVIRONMENT,
  LABELS,
  REDIRECT_CONTAINER,
  SIDECAR_CONTAINER,
} from '@rankguard/contract/pod';
import { API_VERSION } from '@rankguard/contract/resources';

/**
 * ValidatingAdmissionPolicies: what the API server itself holds, whether the operator runs or not, and whether its
 * webhook configurations are there or not. The chart carries them; nothing in them changes while it is installed.
 */
export interface PolicyInput {
  /** Namespace of the operator: its own pods must start before anything can be injected. */
  readonly operatorNamespace: string;
}

export interface AdmissionPolicy {
  readonly apiVersion: 'admissionregistration.k8s.io/v1';
  readonly kind: 'ValidatingAdmissionPolicy' | 'ValidatingAdmissionPolicyBinding';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: object;
}

export const POLICY_NAMES = {
  pods: 'rankguard-pods.rankguard.dev',
  connections: 'rankguard-connections.rankguard.dev',
  profiles: 'rankguard-masking-secrets.rankguard.dev',
} as const;

/** Every policy with its binding, in the order in which they are applied. */
export function admissionPolicies({ operatorNamespace }: PolicyInput): AdmissionPolicy[] {
  const exempt = ['kube-system', operatorNamespace];
  return [
    policy(POLICY_NAMES.pods, podPolicy()),
    binding(POLICY_NAMES.pods, {
      // No connection in the namespace: nothing to hold.
      paramRef: { selector: {}, parameterNotFoundAction: 'Allow' },
      matchResources: {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: exempt }],
        },
      },
    }),
    policy(POLICY_NAMES.connections, connectionPolicy(exempt)),
    binding(POLICY_NAMES.connections, {}),
    policy(POLICY_NAMES.profiles, profilePolicy()),
    binding(POLICY_NAMES.profiles, {}),
  ];
}

function policy(name: string, spec: object): AdmissionPolicy {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, labels: LABELS_OF_ALL },
    spec: { failurePolicy: 'Fail', ...spec },
  };
}

function binding(policyName: string, rest: object): AdmissionPolicy {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: policyName, labels: LABELS_OF_ALL },
    spec: { policyName, validationActions: ['Deny'], ...rest },
  };
}

const LABELS_OF_ALL = { 'app.kubernetes.io/name': 'rankguard' };

const rule = (resources: readonly string[], group: string, version: string) => ({
  apiGroups: [group],
  apiVersions: [version],
  operations: ['CREATE', 'UPDATE'],
  resources: [...resources],
});

/** Reads as: each label of the selector is on the pod. */
const selects = (pod: string) =>
  `params.spec.selector.matchLabels.all(k, ${pod}.metadata.?labels[?k].orValue('') == params.spec.selector.matchLabels[k] && k in ${pod}.metadata.?labels.orValue({}))`;
const value = (name: string) => `variables.env.filter(e, e.name == '${name}')`;
const image = (pod: string) =>
  `${pod}.spec.?initContainers.orValue([]).filter(c, c.name in ['${SIDECAR_CONTAINER}', '${REDIRECT_CONTAINER}']).map(c, c.image)`;
const mark = (pod: string, part: string, name: string) => `${pod}.metadata.?${part}[?'${name}'].orValue('')`;

/**
 * A pod that a connection selects runs the sidecar that the operator injects, for that connection. Updates are judged
 * as transitions: a pod that is older than its connection must still lose its finalizers.
 */
function podPolicy(): object {
  const name = `connection ' + params.metadata.name + '`;
  return {
    paramKind: { apiVersion: API_VERSION, kind: 'RerankConnection' },
    matchConstraints: { resourceRules: [rule(['pods', 'pods/ephemeralcontainers'], '', 'v1')] },
    variables: [
      { name: 'selected', expression: selects('object') },
      { name: 'wasSelected', expression: `oldObject != null && ${selects('oldObject')}` },
      // Without its labels a pod is no longer selected, and a Service may lead to it all the same.
      {
        name: 'concerned',
        expression: `variables.selected || variables.wasSelected || (oldObject != null && ${mark('oldObject', 'labels', LABELS.injected)} == 'true')`,
      },
      {
        name: 'sidecars',
        expression: `object.spec.?initContainers.orValue([]).filter(c, c.name == '${SIDECAR_CONTAINER}' && c.?restartPolicy.orValue('') == 'Always')`,
      },
      {
        name: 'env',
        expression: 'variables.sidecars.size() == 1 ? variables.sidecars[0].?env.orValue([]) : []',
      },
      { name: 'images', expression: 'params.?status.?injection.?images.orValue([])' },
      { name: 'keys', expression: 'params.?status.?injection.?keys.orValue([])' },
      {
        name: 'rightProgram',
        expression:
          "variables.sidecars.size() == 1 && variables.sidecars[0].?image.orValue('') in variables.images && variables.sidecars[0].?command.orValue([]).size() == 0 && variables.sidecars[0].?args.orValue([]).size() == 0",
      },
      {
        name: 'rightKeys',
        expression: `${value(ENVIRONMENT.rootKeys)}.size() == 1 && ${value(ENVIRONMENT.rootKeys)}.all(e, e.?value.orValue('').split(',').all(k, k in variables.keys))`,
      },
      {
        name: 'conflicted',
        expression:
          "params.?status.?conditions.orValue([]).exists(c, c.type == 'Conflicted' && c.status == 'True')",
      },
      {
        name: 'listens',
        expression: `variables.conflicted || ${value(ENVIRONMENT.listeners)}.exists(e, e.?value.orValue('').contains('"connection":"' + params.metadata.name + '"'))`,
      },
      {
        name: 'guarded',
        expression: 'variables.rightProgram && variables.rightKeys && variables.listens',
      },
    ],
    validations: [
      {
        expression: "request.?subResource.orValue('') != 'ephemeralcontainers' || !variables.concerned",
        message: 'POD_CHANGED: the pod is guarded; a debug container would stand behind its sidecar',
        reason: 'Forbidden',
      },
      {
        expression:
          "request.?subResource.orValue('') == 'ephemeralcontainers' || !variables.selected || variables.wasSelected || variables.guarded",
        messageExpression: `'POD_CHANGED: ${name} selects the pod, and the pod does not run its sidecar as the operator injects it' + (variables.images.size() == 0 ? ' (the operator has not taken the connection up yet)' : variables.sidecars.size() == 0 ? ' (no sidecar: is the operator running?)' : !variables.rightProgram ? ' (another image or command)' : !variables.rightKeys ? ' (other root keys)' : ' (it guards other connections)')`,
        reason: 'Forbidden',
      },
      {
        expression: `oldObject == null || !variables.concerned || ${image('object')} == ${image('oldObject')}`,
        message: "POD_CHANGED: the image of the pod's sidecar cannot be changed",
        reason: 'Forbidden',
      },
      {
        expression: [
          'oldObject == null || !variables.concerned',
          `(${mark('object', 'labels', LABELS.injected)} == ${mark('oldObject', 'labels', LABELS.injected)} && ${mark('object', 'annotations', ANNOTATIONS.connections)} == ${mark('oldObject', 'annotations', ANNOTATIONS.connections)})`,
        ].join(' || '),
        message: 'POD_CHANGED: labels and annotations of rankguard.dev belong to admission',
        reason: 'Forbidden',
      },
    ],
  };
}

const mayRead = (names: string) =>
  `${names}.all(n, authorizer.group('').resource('secrets').namespace(object.metadata.namespace).name(n).check('get').allowed())`;
/** An authorizer may not be asked in a message: it names them all. */
const unreadableMessage =
  "'CONFIG_INVALID: ' + request.userInfo.username + ' may not get every Secret that is named: ' + variables.secrets.join(', ')";

/** Who names a Secret could read it through the sidecar: they must be allowed to read it anyway. */
function connectionPolicy(exempt: readonly string[]): object {
  const changed = "request.operation == 'CREATE' || object.spec != oldObject.spec";
  const unchanged = (path: string) => `request.operation == 'CREATE' || object.${path} == oldObject.${path}`;
  return {
    matchConstraints: { resourceRules: [rule(['rerankconnections'], 'rankguard.dev', '*')] },
    variables: [
      {
        name: 'secrets',
        expression: [
          '(has(object.spec.ingress.upstreamKey) ? [object.spec.ingress.upstreamKey.secretKeyRef.name] : [])',
          '(has(object.spec.tls) && has(object.spec.tls.listener) ? [object.spec.tls.listener.secretName] : [])',
          '(has(object.spec.egress) ? object.spec.egress.filter(e, has(e.credential)).map(e, e.credential.secretKeyRef.name) : [])',
          '(has(object.spec.sidecar) && has(object.spec.sidecar.imagePullSecrets) ? object.spec.sidecar.imagePullSecrets.map(s, s.name) : [])',
        ].join(' + '),
      },
    ],
    validations: [
      {
        expression: `!(${changed}) || ${mayRead('variables.secrets')}`,
        messageExpression: unreadableMessage,
        reason: 'Forbidden',
      },
      {
        expression: `!(object.metadata.namespace in [${exempt.map((one) => `'${one}'`).join(', ')}])`,
        message: `CONFIG_INVALID: connections in ${exempt.join(' and ')} guard nothing: pods there start before the operator`,
      },
      ...['spec.selector', 'spec.ingress.port', 'spec.ingress.capture'].map((path) => ({
        expression: unchanged(path),
        message: `CONFIG_INVALID: ${path} cannot be changed: running pods are guarded by it; make a new connection`,
      })),
    ],
  };
}

function profilePolicy(): object {
  return {
    matchConstraints: { resourceRules: [rule(['maskingprofiles'], 'rankguard.dev', '*')] },
    variables: [
      {
        name: 'secrets',
        expression: 'has(object.spec.tokenKey) ? [object.spec.tokenKey.secretKeyRef.name] : []',
      },
    ],
    validations: [
      {
        expression: `(request.operation == 'UPDATE' && object.spec == oldObject.spec) || ${mayRead('variables.secrets')}`,
        messageExpression: unreadableMessage,
        reason: 'Forbidden',
      },
    ],
  };
}
