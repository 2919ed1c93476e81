import { canonicalJson } from '@rankguard/compiler';
import { isNotFound, type Kube, type KubeObject, type Resource } from '../kube/index.ts';

/** Owner of every field that the operator applies. */
export const MANAGER = 'rankguard-operator';

/**
 * Writes a status, unless it is there already: a write without a change would come back through our own watch
 * for ever. True when something was written.
 */
export async function writeStatus(
  kube: Kube,
  resource: Resource,
  object: KubeObject & { readonly status?: object },
  status: object,
): Promise<boolean> {
  if (canonicalJson(object.status ?? {}) === canonicalJson(status)) return false;
  const { name, namespace } = object.metadata;
  const applied = { metadata: { name, ...(namespace && { namespace }) }, status };
  try {
    await kube.apply(resource, applied, { manager: MANAGER, subresource: 'status' });
    return true;
  } catch (error) {
    // It was deleted meanwhile.
    if (isNotFound(error)) return false;
    throw error;
  }
}
