import type { ResolvedConnection } from '@rankguard/contract';
import { servedModelRoutes } from '../dialects/index.ts';
import type { Upstream } from '../forward/index.ts';
import { createServedModels, type ServedModels } from '../forward/served-model.ts';
import { type PolicySet, reaches } from '../policy/index.ts';

/** Facts for which the upstream is asked what it serves. */
const MODEL_FACTS = [
  ['request', 'model'],
  ['request', 'model_version'],
  ['usage', 'novel', 'model'],
];

/** Makes {@link ServedModels} for bundles; what was heard outlives a change of policy, not one of whom and how to ask. */
export function createServed({ now }: { readonly now: () => number }) {
  let last:
    | { readonly source: string; readonly upstream: Upstream; readonly models: ServedModels }
    | undefined;

  return (
    connection: ResolvedConnection,
    { projection }: PolicySet,
    key: string | null,
    upstream: Upstream,
  ): ServedModels => {
    const asked = MODEL_FACTS.some((path) => reaches(projection, path));
    const routes = asked ? servedModelRoutes(connection.dialects) : [];
    const source = JSON.stringify([routes.map(({ path }) => path), key]);
    if (last?.source === source && last.upstream === upstream) return last.models;
    const models = createServedModels({ upstream, routes, headers: questionHeaders(key), now });
    last = { source, upstream, models };
    return models;
  };
}

/** Servers that say which model they serve take a bearer token, all of them. */
function questionHeaders(key: string | null): readonly string[] {
  const accept = ['accept', 'application/json', 'accept-encoding', 'identity'];
  return key === null || key.startsWith('{') ? accept : [...accept, 'authorization', `Bearer ${key}`];
}
