import { readResources } from '@rankguard/contract/resources';
import type { GuardingConnection, InjectionSettings } from '@rankguard/operator/injection';
import { stringify } from 'yaml';

export const settings: InjectionSettings = {
  image: 'registry.example.com/rankguard-sidecar:0.1.0',
  imagePullPolicy: 'IfNotPresent',
  version: '0.1.0',
  controlUrl: 'https://rankguard-control.rankguard-system.svc:8443',
  controlCa: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  rootKeys: ['11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'],
  resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { cpu: '1', memory: '512Mi' } },
};

/** A connection as the operator hands it to injection; `age` tells older from newer. */
export function connectionFrom(object: unknown, age = 0): GuardingConnection {
  const { resources, problems } = readResources([{ file: 'connection.yaml', text: stringify(object) }]);
  const [resource] = resources;
  if (resource?.kind !== 'RerankConnection') throw new Error(JSON.stringify(problems));
  return {
    namespace: resource.namespace,
    name: resource.name,
    created: `2026-11-21T10:00:${String(age).padStart(2, '0')}Z`,
    spec: resource.object.spec,
    secrets: [],
    generatedKey: null,
  };
}
