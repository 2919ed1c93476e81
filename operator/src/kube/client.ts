import type { Dispatcher } from 'undici';
import { isNotFound, KubeError } from './errors.ts';
import type { Transport } from './transport.ts';
import { apiVersionOf, type KubeObject, type Resource } from './types.ts';
import { readWatch, type WatchEvent } from './watch-lines.ts';

/** Which objects. */
export interface Scope {
  /** Without it: of every namespace. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Metadata alone is sent (PartialObjectMetadata): for kinds whose content does not matter. */
  readonly metadataOnly?: boolean;
}
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** For the next page; empty on the last. */
  readonly next: string;
}
export interface WatchOptions extends Scope {
  readonly resourceVersion: string;
  /** After this the server ends the watch. */
  readonly timeoutSeconds: number;
  /** A watch that is silent for longer is dead: bookmarks come about once a minute. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}
/** Server-side apply: whose fields these are. */
export interface ApplyOptions {
  readonly manager: string;
  readonly subresource?: 'status';
}

/**
 * The narrow port to the Kubernetes API. Every method throws {@link KubeError}: CLUSTER_UNAVAILABLE when the
 * server could not answer, CLUSTER_REFUSED with its status when it would not.
 */
export interface Kube {
  get<T extends KubeObject>(resource: Resource, name: ObjectName): Promise<T>;
  page<T extends KubeObject>(
    resource: Resource,
    scope: Scope & { readonly limit?: number; readonly next?: string },
  ): Promise<ListPage<T>>;
  /** All pages. */
  list<T extends KubeObject>(resource: Resource, scope?: Scope): Promise<Omit<ListPage<T>, 'next'>>;
  watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent<T>>;
  create<T extends KubeObject>(resource: Resource, object: object): Promise<T>;
  /** Fails with a conflict when the object has changed since its `resourceVersion`. */
  replace<T extends KubeObject>(resource: Resource, object: KubeObject): Promise<T>;
  /** Creates the object, or takes over its fields from whoever had them. */
  apply<T extends KubeObject>(resource: Resource, object: KubeObject, options: ApplyOptions): Promise<T>;
  /** True when there was something to delete. A `uid` makes sure that it is this very object. */
  remove(resource: Resource, name: ObjectName, options?: { readonly uid?: string }): Promise<boolean>;
  /** GET of a path that is no resource, e.g. `/openid/v1/jwks`. */
  raw(path: string): Promise<unknown>;
}

/** Longest that a call may take to answer. */
const CALL_MS = 30_000;
const PAGE_SIZE = 500;
const LIST_TYPE = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const ITEM_TYPE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
}

export interface KubeDeps {
  readonly transport: Transport;
  readonly userAgent: string;
  /** Called after each call with its verb and HTTP status, 0 without an answer. */
  readonly observe?: (verb: string, status: number, seconds: number) => void;
}

export function createKube(deps: KubeDeps): Kube {
  const send = createSend(deps);
  return { ...createReads(send), ...createWrites(send) };
}

type Send = (call: Call) => Promise<Response>;
type Reads = Pick<Kube, 'get' | 'page' | 'list' | 'watch' | 'raw'>;

function createReads(send: Send): Reads {
  async function page<T extends KubeObject>(
    resource: Resource,
    scope: Scope & { readonly limit?: number; readonly next?: string },
  ): Promise<ListPage<T>> {
    const response = await send({
      method: 'GET',
      path: pathOf(resource, scope.namespace),
      query: { ...selectors(scope), limit: scope.limit, continue: scope.next },
      ...(scope.metadataOnly && { accept: LIST_TYPE }),
    });
    const answer = (await readJson(response)) as {
      metadata?: { resourceVersion?: string; continue?: string };
      items?: T[];
    };
    const { resourceVersion = '', continue: next = '' } = answer.metadata ?? {};
    return { items: answer.items ?? [], resourceVersion, next };
  }

  async function list<T extends KubeObject>(resource: Resource, scope: Scope = {}) {
    const items: T[] = [];
    let found: ListPage<T> = { items: [], resourceVersion: '', next: '' };
    do {
      found = await page<T>(resource, { ...scope, limit: PAGE_SIZE, next: found.next });
      items.push(...found.items);
    } while (found.next !== '');
    return { items, resourceVersion: found.resourceVersion };
  }

  async function* watch<T extends KubeObject>(
    resource: Resource,
    { resourceVersion, timeoutSeconds, idleMs, signal, ...scope }: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const response = await send({
      method: 'GET',
      path: pathOf(resource, scope.namespace),
      query: { ...selectors(scope), watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds },
      ...(scope.metadataOnly && { accept: ITEM_TYPE }),
      idleMs,
      signal,
    });
    yield* readWatch<T>(response.body);
  }

  return {
    page,
    list,
    watch,
    // The cluster's key set has a media type of its own, and is served as nothing else.
    raw: async (path) => await readJson(await send({ method: 'GET', path, accept: '*/*' })),
    get: async <T extends KubeObject>(resource: Resource, name: ObjectName) =>
      (await readJson(await send({ method: 'GET', path: namedPath(resource, name) }))) as T,
  };
}

function createWrites(send: Send): Omit<Kube, keyof Reads> {
  const json = async (call: Call) => await readJson(await send(call));
  return {
    create: async <T extends KubeObject>(resource: Resource, object: object) => {
      const { namespace } = (object as Partial<KubeObject>).metadata ?? {};
      const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
      return (await json({ method: 'POST', path: pathOf(resource, namespace), body })) as T;
    },
    replace: async <T extends KubeObject>(resource: Resource, object: KubeObject) =>
      (await json({ method: 'PUT', path: namedPath(resource, object.metadata), body: object })) as T,
    apply: async <T extends KubeObject>(resource: Resource, object: KubeObject, options: ApplyOptions) => {
      const { manager, subresource } = options;
      const path = namedPath(resource, object.metadata) + (subresource ? `/${subresource}` : '');
      const body = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
      const query = { fieldManager: manager, force: true };
      // JSON is YAML.
      const contentType = 'application/apply-patch+yaml';
      return (await json({ method: 'PATCH', path, query, body, contentType })) as T;
    },
    async remove(resource, name, { uid } = {}) {
      const body = uid === undefined ? {} : { preconditions: { uid } };
      try {
        await json({ method: 'DELETE', path: namedPath(resource, name), body });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },
  };
}

const namedPath = (resource: Resource, { namespace, name }: ObjectName) =>
  `${pathOf(resource, namespace)}/${encodeURIComponent(name)}`;

function pathOf(resource: Resource, namespace: string | undefined): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const place = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}/${apiVersionOf(resource)}${place}/${resource.plural}`;
}

const selectors = ({ labelSelector, fieldSelector }: Scope) => ({ labelSelector, fieldSelector });

type Response = Dispatcher.ResponseData;

function createSend({ transport, userAgent, observe }: KubeDeps) {
  async function once(call: Call, renew: boolean): Promise<Response> {
    const { dispatcher, headers } = await transport.credentials(renew);
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    return await dispatcher.request({
      origin: transport.origin,
      path: transport.basePath + call.path + queryOf(call.query),
      method: call.method,
      headers: {
        ...headers,
        accept: call.accept ?? 'application/json',
        'user-agent': userAgent,
        ...(body !== null && { 'content-type': call.contentType ?? 'application/json' }),
      },
      body,
      headersTimeout: CALL_MS,
      bodyTimeout: call.idleMs ?? CALL_MS,
      ...(call.signal && { signal: call.signal }),
    });
  }

  return async function send(call: Call): Promise<Response> {
    const started = performance.now();
    const verb = call.query?.['watch'] === true ? 'WATCH' : call.method;
    let status = 0;
    try {
      let response = await once(call, false);
      if (response.statusCode === 401) {
        await response.body.dump();
        response = await once(call, true);
      }
      status = response.statusCode;
      if (status >= 200 && status < 300) return response;
      throw await refusal(call, response);
    } catch (error) {
      if (error instanceof KubeError) throw error;
      throw new KubeError(`${verb} ${call.path}: the API server cannot be reached`, { cause: error });
    } finally {
      observe?.(verb, status, (performance.now() - started) / 1000);
    }
  };
}

function queryOf(query: Call['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

async function refusal(call: Call, { statusCode: status, headers, body }: Response): Promise<KubeError> {
  let said: { message?: string; reason?: string; details?: { retryAfterSeconds?: number } } = {};
  try {
    said = JSON.parse(await body.text());
  } catch {
    // A proxy in between answers in its own words.
  }
  const after = Number(headers['retry-after'] ?? said.details?.retryAfterSeconds);
  const retryAfter = Number.isFinite(after) && after >= 0 ? after : undefined;
  const message = `${call.method} ${call.path}: ${status} ${said.message ?? 'without a reason'}`;
  return new KubeError(message, { status, reason: said.reason ?? '', retryAfter });
}

async function readJson({ body }: Response): Promise<unknown> {
  try {
    return await body.json();
  } catch (cause) {
    throw new KubeError("the API server's answer was cut or is no JSON", { cause });
  }
}
