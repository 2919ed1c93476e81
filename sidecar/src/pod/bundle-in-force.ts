import type { Bundle, ResolvedConnection } from '@rankguard/contract';
import type { BundleClaims } from '@rankguard/contract/control';

/**
 * What a sidecar runs of a signed bundle: the bundle, until the claims expire, with the cluster's own issuer among
 * those of the connection where ServiceAccounts may call, and with the generated key where injection locked the app.
 */
export function bundleInForce({ bundle, expires, clusterIssuer }: BundleClaims, isLocked: boolean): Bundle {
  const connection = withKey(bundle.connection, isLocked);
  const { serviceAccountAudiences: audiences } = connection;
  if (audiences.length === 0 || clusterIssuer === null) return { ...bundle, expires, connection };
  const { issuer, keys } = clusterIssuer;
  const own = { issuer, audiences, claims: {}, caBundle: null, keys };
  return { ...bundle, expires, connection: { ...connection, issuers: [...connection.issuers, own] } };
}

function withKey(connection: ResolvedConnection, isLocked: boolean): ResolvedConnection {
  const { upstreamKey, generatedKey = null } = connection;
  return isLocked && upstreamKey === null ? { ...connection, upstreamKey: generatedKey } : connection;
}
