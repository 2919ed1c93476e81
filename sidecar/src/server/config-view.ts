import type { Bundle } from '@rankguard/contract';

/** What is in force, for `/config`: everything but secrets, compiled code and policy data. */
export function configView(bundle: Bundle): unknown {
  return {
    revision: bundle.revision,
    digest: bundle.digest,
    expires: bundle.expires,
    connection: bundle.connection,
    masking: bundle.masking,
    policies: bundle.policies.map(({ name, scope, mode, digest, codes, projection, builtins, data }) => ({
      name,
      scope,
      mode,
      digest,
      codes,
      reads: projection,
      builtins,
      dataBytes: Buffer.byteLength(data),
    })),
  };
}
