import { KINDS, type StatusKind, structuralSchema } from '@rankguard/contract/resources';
import { stringify } from 'yaml';
import { COLUMNS, SELECTABLE } from './columns.ts';

/** `rankguard.dev/v1alpha1` */
const [GROUP = '', VERSION = ''] = KINDS.RerankConnection.apiVersion.split('/');
const KINDS_WITH_CRD = Object.keys(COLUMNS) as StatusKind[];

/** The CustomResourceDefinition (apiextensions.k8s.io/v1) of a kind. */
export function customResourceDefinition(kind: StatusKind): object {
  const { plural, shortName, scope } = KINDS[kind];
  const selectable = SELECTABLE[kind].map((jsonPath) => ({ jsonPath }));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}`, labels: { 'app.kubernetes.io/name': 'rankguard' } },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortName !== null && { shortNames: [shortName] }),
        categories: ['rankguard'],
      },
      conversion: { strategy: 'None' },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: structuralSchema(kind) },
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS[kind],
          ...(selectable.length > 0 && { selectableFields: selectable }),
        },
      ],
    },
  };
}

/** Every file of crds/, by its path in the project. */
export function crdFiles(): ReadonlyMap<string, string> {
  return new Map(
    KINDS_WITH_CRD.map((kind) => {
      const head = '# Made from contract/src/resources by: node -C source tools/crds/main.ts\n';
      const body = stringify(customResourceDefinition(kind), { aliasDuplicateObjects: false, lineWidth: 0 });
      return [`crds/${GROUP}_${KINDS[kind].plural}.yaml`, head + body];
    }),
  );
}
