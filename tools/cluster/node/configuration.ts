import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../certificates.ts';
import { type Layout, NETWORK, PAUSE_IMAGE } from './layout.ts';

/** Writes what the node's programs read; returns the files by program. JSON is YAML. */
export function writeConfiguration(layout: Layout, { authority, kubelet }: NodeIdentity): Configuration {
  for (const folder of [layout.etc, layout.cni]) mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): string => {
    const file = join(layout.etc, name);
    writeFileSync(file, text);
    return file;
  };
  const json = (name: string, value: unknown) => write(name, JSON.stringify(value, null, 2));
  writeFileSync(join(layout.cni, '10-bridge.conflist'), JSON.stringify(bridge(layout), null, 2));
  return {
    containerd: write('containerd.toml', containerdToml(layout)),
    kubelet: json('kubelet.json', kubeletConfiguration(layout, authority, kubelet)),
    proxy: json('kube-proxy.json', {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'iptables',
      clientConnection: { kubeconfig: join(layout.folder, 'kube-proxy.conf') },
      clusterCIDR: NETWORK.pods,
      // The machine's own limits stay as they are.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    }),
    coredns: write('Corefile', corefile(layout)),
  };
}

export interface NodeIdentity {
  readonly authority: string;
  readonly kubelet: KeyPair;
}
export interface Configuration {
  readonly containerd: string;
  readonly kubelet: string;
  readonly proxy: string;
  readonly coredns: string;
}

function containerdToml({ containerd, socket, cni }: Layout): string {
  const images = "plugins.'io.containerd.cri.v1.images'";
  const runtime = "plugins.'io.containerd.cri.v1.runtime'";
  return `version = 3
root = "${containerd}/root"
state = "${containerd}/state"
[grpc]
address = "${socket}"
[${images}]
snapshotter = "overlayfs"
[${images}.pinned_images]
sandbox = "${PAUSE_IMAGE}"
[${runtime}]
# Without CAP_SYS_RESOURCE no process may be made harder to kill than it was.
restrict_oom_score_adj = true
disable_apparmor = true
[${runtime}.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "${cni}"
[${runtime}.containerd]
default_runtime_name = "runc"
[${runtime}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${runtime}.containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

function kubeletConfiguration({ socket }: Layout, authority: string, pair: KeyPair): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${socket}`,
    cgroupDriver: 'cgroupfs',
    // Build machines still have the first version.
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    enforceNodeAllocatable: [],
    evictionHard: { 'memory.available': '100Mi' },
    imageGCHighThresholdPercent: 100,
    clusterDNS: [NETWORK.node],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: authority },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pair.certificate,
    tlsPrivateKeyFile: pair.key,
    syncFrequency: '10s',
  };
}

function bridge({ folder }: Layout): unknown {
  const ipam = {
    type: 'host-local',
    dataDir: join(folder, 'addresses'),
    ranges: [[{ subnet: NETWORK.pods }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: false, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function corefile({ kubeconfig }: Layout): string {
  return `.:53 {
  bind ${NETWORK.node}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
  }
}
`;
}
