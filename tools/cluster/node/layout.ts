import { join } from 'node:path';

/** Addresses of the node. It lives in a network namespace of its own; a veth pair leads to it. */
export const NETWORK = {
  namespace: 'rankguard-node',
  /** The pair's end on this machine. */
  link: 'rgnode0',
  machine: '10.89.0.254',
  node: '10.89.0.1',
  apiServer: 'https://10.89.0.1:6443',
  services: '10.96.0.0/16',
  kubernetesService: '10.96.0.1',
  pods: '10.244.0.0/24',
} as const;

export const NODE_NAME = 'node0';
export const PAUSE_IMAGE = 'localhost/pause:1';

/** Where everything of one cluster is kept; removing the folder after `down` leaves nothing behind. */
export interface Layout {
  readonly folder: string;
  /** Shows that the folder is a cluster's, so that nothing else is ever removed. */
  readonly mark: string;
  readonly kubeconfig: string;
  /** The programs by their plain names. */
  readonly bin: string;
  readonly pki: string;
  readonly etc: string;
  readonly logs: string;
  readonly parts: string;
  readonly containerd: string;
  readonly socket: string;
  readonly kubelet: string;
  readonly cni: string;
}

export function layoutOf(folder: string): Layout {
  const at = (...names: string[]) => join(folder, ...names);
  return {
    folder,
    mark: at('.rankguard-cluster'),
    kubeconfig: at('admin.conf'),
    bin: at('bin'),
    pki: at('pki'),
    etc: at('etc'),
    logs: at('log'),
    parts: at('parts'),
    containerd: at('containerd'),
    socket: at('containerd.sock'),
    kubelet: at('kubelet'),
    cni: at('cni'),
  };
}
