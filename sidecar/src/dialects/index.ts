import { DIALECT_NAMES, type DialectName } from '@rankguard/contract';
import { combine } from './auto/index.ts';
import { azureCohere } from './azure-cohere/index.ts';
import { bedrock } from './bedrock/index.ts';
import { cohereV1, cohereV2 } from './cohere/index.ts';
import { elasticsearch } from './elasticsearch/index.ts';
import { infinity } from './infinity/index.ts';
import { jina } from './jina/index.ts';
import { kserve } from './kserve/index.ts';
import { llamaCpp } from './llama-cpp/index.ts';
import { mixedbread } from './mixedbread/index.ts';
import { nim } from './nim/index.ts';
import { openvino } from './openvino/index.ts';
import { pinecone } from './pinecone/index.ts';
import { sagemaker } from './sagemaker/index.ts';
import { tei } from './tei/index.ts';
import { createTemplate, isTemplate } from './template.ts';
import { together } from './together/index.ts';
import type { Dialect, MatchedRoute, Route, ServedModelRoute } from './types.ts';
import { vertex } from './vertex/index.ts';
import { vllm } from './vllm/index.ts';
import { voyage } from './voyage/index.ts';

export type * from './types.ts';

/** Every dialect but `auto`, which is all of them. */
export const DIALECTS: Readonly<Record<Exclude<DialectName, 'auto'>, Dialect>> = {
  tei,
  'cohere-v1': cohereV1,
  'cohere-v2': cohereV2,
  vllm,
  infinity,
  'llama-cpp': llamaCpp,
  jina,
  voyage,
  mixedbread,
  pinecone,
  together,
  nim,
  elasticsearch,
  openvino,
  kserve,
  'azure-cohere': azureCohere,
  vertex,
  sagemaker,
  bedrock,
};

function dialectsOf(names: readonly DialectName[]): Dialect[] {
  const all = names.includes('auto') ? DIALECT_NAMES : names;
  return [...new Set(all)].flatMap((name) => (name === 'auto' ? [] : [DIALECTS[name]]));
}

/** Where the upstream of a connection may say which model it serves, each path once. */
export function servedModelRoutes(names: readonly DialectName[]): readonly ServedModelRoute[] {
  const routes = dialectsOf(names).flatMap(({ served }) => served ?? []);
  return [...new Map(routes.map((route) => [route.path, route])).values()];
}

/**
 * The routes of a connection: an allowlist on method and path. Anything else, also another spelling of an allowed
 * path (percent-encoding, `//`, dot segments, a trailing slash), has no route. Where several dialects have a route in
 * common, the body tells which of them it is, or is refused.
 */
export function createRouter(names: readonly DialectName[]): {
  match(method: string, path: string): MatchedRoute | undefined;
} {
  const exact = new Map<string, MatchedRoute[]>();
  const templates: { route: Route; dialect: Dialect; template: ReturnType<typeof createTemplate> }[] = [];
  for (const dialect of dialectsOf(names)) {
    for (const route of dialect.routes) {
      if (isTemplate(route.path)) {
        templates.push({ route, dialect, template: createTemplate(route.path) });
        continue;
      }
      const key = `${route.method} ${route.path}`;
      exact.set(key, [...(exact.get(key) ?? []), { dialect, route }]);
    }
  }
  const combined = new Map([...exact].map(([key, alternatives]) => [key, combine(alternatives)]));

  function matchTemplates(method: string, path: string): MatchedRoute | undefined {
    const alternatives = templates.flatMap(({ route, dialect, template }) => {
      const params = route.method === method ? template.match(path) : undefined;
      return params === undefined ? [] : [{ dialect, route: { ...route, path, params } }];
    });
    return alternatives.length === 0 ? undefined : combine(alternatives);
  }
  return {
    match: (method, path) =>
      combined.get(`${method} ${path}`) ??
      (templates.length === 0 ? undefined : matchTemplates(method, path)),
  };
}
