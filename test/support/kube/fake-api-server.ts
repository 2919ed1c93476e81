import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { type Collection, createCollection, overlay, type Stored, without } from './collections.ts';
import { createWatches, type Watches } from './watches.ts';

/** What goes wrong with the next request that a fault is for. */
export interface Fault {
  /** `GET`, `WATCH`, `POST`, … */
  readonly verb?: string;
  readonly plural?: string;
  /** `hang`: no answer. `drop`: the connection is closed. A number: that status. */
  readonly answer: 'hang' | 'drop' | number;
  readonly retryAfter?: number;
  /** How many requests; 1 unless said. */
  readonly times?: number;
}
export interface Seen {
  readonly verb: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly at: number;
}

/**
 * A Kubernetes API server over real HTTP, in memory: enough of lists, watches, server-side apply and reviews for
 * clients to be honest, and faults that a real one shows only on bad days. It validates nothing.
 */
export interface FakeApiServer {
  readonly url: string;
  kubeconfig(): KubeConfig;
  readonly watches: Watches;
  collection(plural: string): Collection;
  /** Puts an object as kubectl would. */
  put(plural: string, object: object): Stored;
  remove(plural: string, key: string): void;
  fail(fault: Fault): void;
  /** Watches that begin at an older version get 410, as after etcd's compaction. */
  compact(): void;
  readonly seen: readonly Seen[];
  /** Open TCP connections. */
  connections(): Promise<number>;
  /** Answers POSTs of reviews: by plural. */
  readonly reviews: Map<string, (body: unknown) => object>;
  close(): Promise<void>;
}

const PATH =
  /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([a-z]+)(?:\/([^/]+))?(?:\/(status))?$/;

interface Target {
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly status: boolean;
}

interface Write extends Target {
  readonly verb: string;
  readonly body: Stored;
  readonly query: URLSearchParams;
}

export async function startFakeApiServer(): Promise<FakeApiServer> {
  let version = 100;
  let oldest = 0;
  const collections = new Map<string, Collection>();
  const faults: { fault: Fault; left: number }[] = [];
  const seen: Seen[] = [];
  const reviews: FakeApiServer['reviews'] = new Map();
  /** What each manager applied, by `plural key manager subresource`. */
  const applied = new Map<string, Readonly<Record<string, unknown>>>();
  const watches = createWatches(() => version);

  function collection(plural: string): Collection {
    const found = collections.get(plural) ?? createCollection(() => ++version);
    collections.set(plural, found);
    return found;
  }
  const put = (plural: string, object: object) => {
    const content = object as Stored;
    const before = collection(plural).objects.get(keyOf(content.metadata));
    const kept = before?.['status'] === undefined ? {} : { status: before['status'] };
    return collection(plural).put(keyOf(content.metadata), { ...kept, ...content }, true);
  };

  function takeFault(verb: string, plural: string): Fault | undefined {
    const found = faults.find(
      ({ fault }) => (fault.verb ?? verb) === verb && (fault.plural ?? plural) === plural,
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) faults.splice(faults.indexOf(found), 1);
    return found.fault;
  }

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://fake');
    const body = await readBody(request);
    const verb = url.searchParams.get('watch') === 'true' ? 'WATCH' : (request.method ?? '');
    seen.push({ verb, path: url.pathname, query: url.searchParams, body, at: performance.now() });
    const match = PATH.exec(url.pathname);
    if (match === null) return send(response, 404, statusBody(404, 'NotFound', 'no such path'));
    const [, , namespace, plural = '', name, status] = match;
    const target: Target = { namespace, plural, name, status: status !== undefined };
    const fault = takeFault(verb, plural);
    if (fault?.answer === 'hang') return;
    if (fault?.answer === 'drop') return request.socket.destroy();
    if (fault !== undefined) {
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      return send(response, fault.answer, statusBody(fault.answer, 'Fault', 'injected'));
    }
    if (verb === 'WATCH') return watch(response, target, url.searchParams);
    if (verb === 'GET') return read(response, target, url.searchParams);
    return write(response, { ...target, verb, body: body as Stored, query: url.searchParams });
  }

  function selected({ plural, namespace }: Target, query: URLSearchParams): Stored[] {
    return [...collection(plural).objects.values()].filter((object) => matches(object, namespace, query));
  }

  function read(response: ServerResponse, target: Target, query: URLSearchParams) {
    if (target.name !== undefined) {
      const found = collection(target.plural).objects.get(keyOf({ ...target, name: target.name }));
      return found
        ? send(response, 200, found)
        : send(response, 404, statusBody(404, 'NotFound', 'not found'));
    }
    const all = selected(target, query);
    const from = Number(query.get('continue') ?? 0);
    const to = from + Number(query.get('limit') ?? Infinity);
    const next = to < all.length ? { continue: String(to) } : {};
    send(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: String(version), ...next },
      items: all.slice(from, to),
    });
  }

  function watch(response: ServerResponse, target: Target, query: URLSearchParams) {
    const from = Number(query.get('resourceVersion') ?? 0);
    if (from < oldest) return send(response, 410, statusBody(410, 'Expired', 'too old resource version'));
    watches.open(response, {
      collection: collection(target.plural),
      from,
      timeoutMs: Number(query.get('timeoutSeconds') ?? 300) * 1000,
      select: (object) => matches(object, target.namespace, query),
    });
  }

  function write(response: ServerResponse, { verb, ...given }: Write) {
    const { plural, namespace, name, status, body } = given;
    const review = reviews.get(plural);
    if (verb === 'POST' && review) return send(response, 201, { ...body, status: review(body) });
    const store = collection(plural);
    const key = keyOf({ namespace, name: name ?? body.metadata?.name });
    const before = store.objects.get(key);
    if (verb === 'PATCH' && (before !== undefined || !status)) {
      return send(response, before ? 200 : 201, store.put(key, patched(given, key, before), !status));
    }
    if (verb === 'POST') {
      if (before) return send(response, 409, statusBody(409, 'AlreadyExists', 'exists'));
      const metadata = { ...body.metadata, ...(namespace && { namespace }) };
      return send(response, 201, store.put(key, { ...body, metadata }, true));
    }
    change(response, { ...given, verb }, before);
  }

  /** Of what must be there. */
  function change(response: ServerResponse, { verb, plural, body }: Write, before: Stored | undefined) {
    if (before === undefined) return send(response, 404, statusBody(404, 'NotFound', 'not found'));
    const key = keyOf(before.metadata);
    if (verb === 'DELETE') return send(response, 200, collection(plural).remove(key) ?? {});
    const { resourceVersion } = before.metadata;
    if ((body.metadata.resourceVersion ?? resourceVersion) !== resourceVersion) {
      return send(response, 409, statusBody(409, 'Conflict', 'the object has been modified'));
    }
    send(response, 200, collection(plural).put(key, body, true));
  }

  /** Server-side apply: what the manager applied before and does not name any more goes. */
  function patched(
    { plural, status, body, query }: Omit<Write, 'verb'>,
    key: string,
    before: Stored | undefined,
  ) {
    const id = `${plural} ${key} ${query.get('fieldManager')} ${status}`;
    const bare = without(before ?? {}, applied.get(id) ?? {});
    const { metadata, ...rest } = body;
    const wanted = status ? { status: rest['status'] } : rest;
    applied.set(id, wanted);
    return overlay(overlay(bare, { metadata: { ...before?.metadata, ...metadata } }), wanted);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error) =>
      send(response, 500, statusBody(500, 'Internal', String(error))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    watches,
    collection,
    put,
    seen,
    reviews,
    remove: (plural, key) => void collection(plural).remove(key),
    fail: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    compact() {
      oldest = ++version;
    },
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    kubeconfig() {
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        { name: 'fake', server: url, skipTLSVerify: true },
        { name: 'me', token: 'me' },
      );
      return config;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      watches.closeAll();
      server.closeAllConnections();
      await closed;
    },
  };
}

function matches(object: Stored, namespace: string | undefined, query: URLSearchParams): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  const wanted = (query.get('labelSelector') ?? '').split(',').filter(Boolean);
  return wanted.every((term) => {
    const [name = '', value] = term.split('=');
    const own = object.metadata.labels?.[name];
    return value === undefined ? own !== undefined : own === value;
  });
}

function keyOf({
  namespace,
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}) {
  return namespace === undefined ? `${name}` : `${namespace}/${name}`;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function statusBody(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}
