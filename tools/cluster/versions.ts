/**
 * What the test cluster is made of, pinned. Kubernetes, etcd, containerd and CoreDNS are the versions that one
 * Kubernetes release was made with; a newer one of a part alone is not a combination that anybody runs.
 */
export const KUBERNETES_VERSION = '1.36.3';
export const ETCD_VERSION = '3.7.3';
export const CONTAINERD_VERSION = '2.4.2';
export const COREDNS_VERSION = '1.15.0';
export const HELM_VERSION = '4.3.1';
export const KIND_VERSION = '0.33.0';

/** Debian's packages that a node needs besides, by the file that shows that one is installed. */
export const NODE_PACKAGES: Readonly<Record<string, string>> = {
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iptables: '/usr/sbin/iptables',
  conntrack: '/usr/sbin/conntrack',
  ipset: '/usr/sbin/ipset',
  ethtool: '/usr/sbin/ethtool',
  iproute2: '/usr/sbin/ip',
  buildah: '/usr/bin/buildah',
  // Scrapes the guarded pods in the end-to-end suite, and checks the alert rules (promtool).
  prometheus: '/usr/bin/promtool',
};
