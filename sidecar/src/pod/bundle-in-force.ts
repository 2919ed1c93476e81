import type { Bundle } from '@rankguard/contract';
import type { BundleClaims } from '@rankguard/contract/control';

/**
 * What a sidecar runs of a signed bundle: the bundle, until the claims expire, with the cluster's own issuer among
 * those of the connection where ServiceAccounts may call.
 */
export function bundleInForce({ bundle, expires, clusterIssuer }: BundleClaims): Bundle {
  const { connection } = bundle;
  const { serviceAccountAudiences: audiences } = connection;
  if (audiences.length === 0 || clusterIssuer === null) return { ...bundle, expires };
  const { issuer, keys } = clusterIssuer;
  const own = { issuer, audiences, claims: {}, caBundle: null, keys };
  return { ...bundle, expires, connection: { ...connection, issuers: [...connection.issuers, own] } };
}
