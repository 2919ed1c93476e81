import { ANNOTATIONS, LABELS, SIDECAR_CONTAINER } from '@rankguard/contract/pod';
import {
  type GuardingConnection,
  guardsOf,
  type InjectionInput,
  type InjectionResult,
  inject,
  type Pod,
  patch,
  type Refusal,
  samePod,
  selectingConnections,
} from '../injection/index.ts';
import { differences, settingsOfPod } from './final-state.ts';
import type { AdmissionPorts } from './ports.ts';
import type { AdmissionRequest, Answer } from './review.ts';

type Ports = Pick<AdmissionPorts, 'ready' | 'settings' | 'accepted' | 'connections' | 'services'>;

const refuse = (code: string, message: string): Answer => ({ allowed: false, code, message });

/** Injects a pod that is created. `connection` is the one whose webhook entry asked. */
export function mutatePod(request: AdmissionRequest, connection: string, ports: Ports): Answer {
  const input = gather(request, connection, ports);
  if ('allowed' in input) return input;
  const result = inject(input);
  if (result.kind === 'refused') return refused(result.refusal);
  if (result.kind === 'not-selected') return { allowed: true };
  return {
    allowed: true,
    patch: patch(input.pod, result.pod),
    warnings: warningsOf(result),
    annotations: { connections: result.pod.metadata?.annotations?.[ANNOTATIONS.connections] ?? '' },
  };
}

/**
 * Judges a pod as it will be stored: injecting it again must change nothing. It sees what other mutators did after
 * injection, or instead of it.
 */
export function validatePod(request: AdmissionRequest, connection: string, ports: Ports): Answer {
  const input = gather(request, connection, ports);
  if ('allowed' in input) return input;
  if (request.subResource === 'ephemeralcontainers') {
    return refuse('POD_CHANGED', 'a debug container would stand behind the sidecar, beside the app');
  }
  if (request.operation === 'UPDATE') return validateUpdate(input, request.oldObject as Pod);
  const settings = settingsOfPod(input.pod, ports.settings(), ports.accepted());
  const result = inject({ ...input, settings });
  if (result.kind === 'refused') return refused(result.refusal);
  if (result.kind === 'not-selected' || samePod(input.pod, result.pod)) return { allowed: true };
  const places = differences(input.pod, result.pod).join(', ');
  return refuse('POD_CHANGED', `the pod is not as injection made it: ${places}`);
}

/** Nearly all of a pod is immutable; what is left are labels, which select it, and images. */
function validateUpdate(input: InjectionInput, old: Pod): Answer {
  const before = selectingConnections({ ...input, pod: old });
  const after = selectingConnections(input);
  const joined = after.filter((one) => !before.includes(one));
  const missing = joined.filter(({ name }) => !guardsOf(input.pod).has(name));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    const message = `labels of a running pod cannot put it under connection ${names}: create a new pod`;
    return refuse('POD_CHANGED', message);
  }
  if (sidecarImage(old) !== sidecarImage(input.pod)) {
    return refuse('POD_CHANGED', "the image of the pod's sidecar cannot be changed");
  }
  if (marksOf(old) !== marksOf(input.pod)) {
    return refuse('POD_CHANGED', 'labels and annotations of rankguard.dev belong to admission');
  }
  const left = before.filter((one) => !after.includes(one));
  return { allowed: true, ...(left.length > 0 && { warnings: left.map(leaves) }) };
}

function leaves({ name }: GuardingConnection): string {
  return `the pod no longer has the labels of connection ${name}: its sidecar guards it until it is replaced`;
}

function gather(request: AdmissionRequest, connection: string, ports: Ports): InjectionInput | Answer {
  const { namespace = '' } = request;
  if (!ports.ready())
    return refuse('CONTROL_UNAVAILABLE', 'the operator has not read its connections yet; try again');
  const connections = ports.connections(namespace);
  // Its entry exists, and this replica has not seen the connection: a pod that passed now would be open.
  if (!connections.some(({ name }) => name === connection)) {
    const message = `connection ${namespace}/${connection} is not known to this operator; try again`;
    return refuse('CONTROL_UNAVAILABLE', message);
  }
  return {
    pod: request.object as Pod,
    namespace,
    connections,
    services: ports.services(namespace),
    settings: ports.settings(),
  };
}

function refused({ code, message, connection }: Refusal): Answer {
  return refuse(code, connection === null ? message : `connection ${connection}: ${message}`);
}

function warningsOf({ warnings, conflicted }: Extract<InjectionResult, { kind: 'injected' }>): string[] {
  return [
    ...conflicted.map(
      ({ connection, winner }) => `connection ${connection} does not guard the pod: ${winner} has its port`,
    ),
    ...warnings,
  ];
}

function sidecarImage({ spec }: Pod): string | undefined {
  return (spec?.initContainers ?? []).find(({ name }) => name === SIDECAR_CONTAINER)?.image;
}

function marksOf({ metadata }: Pod): string {
  const { labels, annotations } = metadata ?? {};
  return JSON.stringify([
    labels?.[LABELS.injected],
    ...Object.values(ANNOTATIONS).map((name) => annotations?.[name]),
  ]);
}
