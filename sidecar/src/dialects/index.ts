import type { DialectName } from '@rankguard/contract';
import { cohereV1, cohereV2 } from './cohere/index.ts';
import { tei } from './tei/index.ts';
import type { Dialect, Route } from './types.ts';

export type * from './types.ts';

const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  tei,
  'cohere-v1': cohereV1,
  'cohere-v2': cohereV2,
};

export interface MatchedRoute {
  readonly dialect: Dialect;
  readonly route: Route;
}

/**
 * The routes of a connection: an allowlist on method and exact path. Anything else, also another spelling of an
 * allowed path (percent-encoding, `//`, dot segments, a trailing slash), has no route.
 */
export function createRouter(names: readonly DialectName[]): {
  match(method: string, path: string): MatchedRoute | undefined;
} {
  const routes = new Map<string, MatchedRoute>();
  for (const name of names) {
    const dialect = DIALECTS[name];
    for (const route of dialect.routes) routes.set(`${route.method} ${route.path}`, { dialect, route });
  }
  return { match: (method, path) => routes.get(`${method} ${path}`) };
}
