/** The team's objects in the namespace shop. */
export const policy = (group: string, member = 'groups') => `apiVersion: rankguard.dev/v1alpha1
kind: RerankPolicy
metadata: {name: readers, namespace: shop}
spec:
  modules:
    a.rego: |
      package rankguard.readers

      allow if "${group}" in input.identity.${member}
`;
export const connection = () => `apiVersion: rankguard.dev/v1alpha1
kind: RerankConnection
metadata: {name: search, namespace: shop}
spec:
  selector: {matchLabels: {app: reranker}}
  ingress: {port: 8080, dialects: [tei]}
  identity: {serviceAccounts: {audiences: [rerank]}}
  policies: [{name: readers}]
`;
export const pod = (name = 'tei-0') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: reranker}}
spec:
  automountServiceAccountToken: false
  containers:
  - {name: tei, image: ghcr.io/huggingface/text-embeddings-inference:1.9, ports: [{containerPort: 8080}], env: [{name: PORT, value: "8080"}]}
`;
export const debuggers = () => `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: debuggers, namespace: shop}
rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: debuggers, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: debuggers}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: debuggers}]
`;
/** An app that cannot be moved, because a shell starts it, behind a Service that routes by the port's name. */
export const byName = () => `apiVersion: rankguard.dev/v1alpha1
kind: RerankConnection
metadata: {name: by-name, namespace: shop}
spec:
  selector: {matchLabels: {app: by-name}}
  ingress: {port: http, dialects: [tei]}
  identity: {serviceAccounts: {audiences: [rerank]}}
  policies: [{name: readers}]
---
apiVersion: v1
kind: Service
metadata: {name: by-name, namespace: shop}
spec: {selector: {app: by-name}, ports: [{port: 80, targetPort: http}]}
`;
export const podByName = () => `apiVersion: v1
kind: Pod
metadata: {name: by-name, namespace: shop, labels: {app: by-name}}
spec:
  automountServiceAccountToken: false
  containers:
  - name: tei
    image: ghcr.io/huggingface/text-embeddings-inference:1.9
    command: [sh, -c, text-embeddings-router --port 8080]
    ports: [{name: http, containerPort: 8080}]
`;
