import type { ReasonCode } from '@rankguard/contract';
import { RESERVED_AUDIENCES } from '@rankguard/contract/control';
import {
  ANNOTATIONS,
  PORTS,
  REDIRECT_CONTAINER,
  RESERVED_PREFIX,
  SIDECAR_CONTAINER,
} from '@rankguard/contract/pod';
import type { Container, Pod, Refusal } from './types.ts';

const OWN_CONTAINERS: readonly string[] = [SIDECAR_CONTAINER, REDIRECT_CONTAINER];

/** Whether a container is one of the sidecar's own. */
export const isOwn = ({ name }: { readonly name: string }): boolean => OWN_CONTAINERS.includes(name);
const isReserved = (name: string): boolean => name === SIDECAR_CONTAINER || name.startsWith(RESERVED_PREFIX);

type Check = (pod: Pod) => { readonly code: ReasonCode; readonly message: string } | undefined;

/** What no connection could mend: a pod that escapes its own network namespace, or poses as guarded. */
export function refusalOfPod(pod: Pod): Refusal | undefined {
  for (const check of CHECKS) {
    const found = check(pod);
    if (found !== undefined) return { ...found, connection: null };
  }
  return undefined;
}

const sharesTheNode: Check = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'shareProcessNamespace'] as const).find((name) => spec?.[name]);
  if (shared === undefined) return undefined;
  const why =
    shared === 'hostNetwork'
      ? "its ports are the node's, and the sidecar cannot get in front of them"
      : "other processes could read the sidecar's secrets";
  return { code: 'POD_NOT_ISOLATED', message: `the pod sets ${shared}: ${why}` };
};

const runsWindows: Check = ({ spec }) =>
  spec?.os?.name === 'windows'
    ? { code: 'POD_NOT_ISOLATED', message: 'the pod runs on Windows; the sidecar runs on Linux only' }
    : undefined;

const takesOwnNames: Check = (pod) => {
  const foreign = [...(pod.spec?.containers ?? []), ...foreignInitContainers(pod)].find(({ name }) =>
    isReserved(name),
  );
  if (foreign !== undefined) {
    return { code: 'POD_NAME_RESERVED', message: `the name of container ${foreign.name} is the sidecar's` };
  }
  const volume = wasInjected(pod)
    ? undefined
    : (pod.spec?.volumes ?? []).find(({ name }) => isReserved(name));
  if (volume === undefined) return undefined;
  return { code: 'POD_NAME_RESERVED', message: `the name of volume ${volume.name} is the sidecar's` };
};

/** Only admission's own mark makes a sidecar's container one of ours; what it holds is then replaced. */
function foreignInitContainers(pod: Pod): readonly Container[] {
  const containers = pod.spec?.initContainers ?? [];
  return wasInjected(pod) ? containers.filter((container) => !isOwn(container)) : containers;
}

function wasInjected({ metadata }: Pod): boolean {
  return metadata?.annotations?.[ANNOTATIONS.injected] !== undefined;
}

const takesOwnPorts: Check = ({ spec }) => {
  for (const container of appContainers(spec)) {
    const port = (container.ports ?? []).find(
      ({ containerPort }) => containerPort >= PORTS.admin && containerPort < PORTS.relocated + 16,
    );
    if (port === undefined) continue;
    const range = `${PORTS.admin} to ${PORTS.relocated + 15}`;
    return {
      code: 'POD_NAME_RESERVED',
      message: `container ${container.name} uses port ${port.containerPort}; ${range} are the sidecar's`,
    };
  }
  return undefined;
};

const mountsOwnVolumes: Check = ({ spec }) => {
  for (const { name, volumeMounts, volumeDevices } of appContainers(spec)) {
    const mounted = [...(volumeMounts ?? []), ...(volumeDevices ?? [])].find((mount) =>
      isReserved(mount.name),
    );
    if (mounted === undefined) continue;
    return {
      code: 'POD_NAME_RESERVED',
      message: `container ${name} mounts ${mounted.name}, which is the sidecar's`,
    };
  }
  return undefined;
};

const asksForOwnToken: Check = ({ spec }) => {
  const volume = (spec?.volumes ?? [])
    .filter(({ name }) => !isReserved(name))
    .find(({ projected }) =>
      (projected?.sources ?? []).some(({ serviceAccountToken }) =>
        RESERVED_AUDIENCES.includes(serviceAccountToken?.audience ?? ''),
      ),
    );
  if (volume === undefined) return undefined;
  return {
    code: 'POD_NAME_RESERVED',
    message: `volume ${volume.name} asks for a token whose audience is the sidecar's`,
  };
};

const CHECKS: readonly Check[] = [
  sharesTheNode,
  runsWindows,
  takesOwnNames,
  takesOwnPorts,
  mountsOwnVolumes,
  asksForOwnToken,
];

/** Every container but the sidecar's own, those of the init phase too. */
function appContainers(spec: Pod['spec']): readonly Container[] {
  const initContainers = (spec?.initContainers ?? []).filter((container) => !isOwn(container));
  return [...(spec?.containers ?? []), ...initContainers];
}
