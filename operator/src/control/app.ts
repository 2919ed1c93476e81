import { CodedError, codeOf, REASONS, type ReasonCode } from '@rankguard/contract';
import {
  ACTIVE_REVISION_HEADER,
  CONTROL_ROUTES,
  type ConnectionKey,
  connectionKey,
  MOST_MESSAGE_BYTES,
  POLL_SECONDS,
  type PodIdentity,
  readAck,
  readAuditBatch,
  readForwardedAcks,
  readForwardedUsage,
  readUsageReport,
} from '@rankguard/contract/control';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import type { Acks } from './acks.ts';
import { createIdentify } from './identify.ts';
import type { ControlPorts } from './ports.ts';
import type { BundleStore } from './store.ts';
import type { Usage } from './usage.ts';

export interface AppDeps {
  readonly store: BundleStore;
  readonly ports: ControlPorts;
  readonly acks: Acks;
  readonly usage: Usage;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Each answer: route, status, and the code of a refusal. */
  readonly observe: (route: string, status: number, code: ReasonCode | null) => void;
  readonly failed: (error: unknown) => void;
  /** Fires when the replica ends: polls that wait are answered then. */
  readonly closing: AbortSignal;
}

/** The routes of contract/control. Who asks comes from the token, never from path or body. */
export function createControlApp(deps: AppDeps): Express {
  const { ports, acks, usage, observe } = deps;
  const identify = createIdentify(ports, deps.now);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const json = express.json({ limit: MOST_MESSAGE_BYTES, strict: true, inflate: false });

  /** The pod that asks, when this connection guards it. */
  async function guardedPod(request: Request, connection: ConnectionKey): Promise<PodIdentity> {
    const asker = await identify(request.headers.authorization, 'pod');
    if (asker.kind !== 'pod') throw new CodedError('CONTROL_TOKEN', 'the token is not that of a pod');
    const { pod } = asker;
    const guarded = pod.namespace === connection.namespace && (await guards(ports, connection, pod));
    if (guarded) return pod;
    throw new CodedError('CONTROL_POD', `${connectionKey(connection)} does not guard this pod`);
  }
  function end(response: Response, route: string, status: number): void {
    observe(route, status, null);
    response.status(status).end();
  }
  function give(response: Response, route: string, body: object): void {
    observe(route, 200, null);
    response.set({ 'Cache-Control': 'no-store' }).json(body);
  }

  app.get(`${CONTROL_ROUTES.bundles}/:namespace/:name`, async (request, response) => {
    const { namespace, name } = request.params;
    const connection = { namespace, name };
    const pod = await guardedPod(request, connection);
    const revision = Number(request.get(ACTIVE_REVISION_HEADER) ?? Number.NaN);
    if (Number.isSafeInteger(revision) && revision >= 0) acks.active({ connection, revision, pod });
    await answerPoll(deps, connection, request, response);
  });
  // A token is looked at before a body is read.
  app.post(CONTROL_ROUTES.acks, authenticated('pod'), json, async (request, response) => {
    const ack = readAck(request.body) ?? unreadable();
    acks.heard({ ...ack, pod: await guardedPod(request, ack.connection) });
    end(response, CONTROL_ROUTES.acks, 204);
  });
  app.post(CONTROL_ROUTES.audit, authenticated('pod'), json, async (request, response) => {
    const batch = readAuditBatch(request.body) ?? unreadable();
    ports.audited(batch, await guardedPod(request, batch.connection));
    end(response, CONTROL_ROUTES.audit, 204);
  });
  app.post(CONTROL_ROUTES.forwardedAcks, authenticated('operator'), json, (request, response) => {
    const { acks: forwarded } = readForwardedAcks(request.body) ?? unreadable();
    for (const ack of forwarded) ports.acknowledged(ack);
    end(response, CONTROL_ROUTES.forwardedAcks, 204);
  });
  app.post(CONTROL_ROUTES.usage, authenticated('pod'), json, async (request, response) => {
    const report = readUsageReport(request.body) ?? unreadable();
    const shares = await usage.exchange(await guardedPod(request, report.connection), report);
    give(response, CONTROL_ROUTES.usage, shares);
  });
  app.post(CONTROL_ROUTES.forwardedUsage, authenticated('operator'), json, (request, response) => {
    const { pod, report } = readForwardedUsage(request.body) ?? unreadable();
    give(response, CONTROL_ROUTES.forwardedUsage, usage.forwarded(pod, report));
  });
  app.use(() => {
    throw new CodedError('CONTROL_ROUTE', REASONS.CONTROL_ROUTE.sentence);
  });
  app.use(answerProblem(deps));
  return app;

  function authenticated(kind: 'pod' | 'operator') {
    return async (request: Request, _response: Response, next: () => void): Promise<void> => {
      await identify(request.headers.authorization, kind);
      next();
    };
  }
}

async function guards(ports: ControlPorts, connection: ConnectionKey, pod: PodIdentity): Promise<boolean> {
  try {
    return await ports.guards(connection, pod);
  } catch (cause) {
    throw new CodedError('CONTROL_UNAVAILABLE', 'nobody can tell whether this pod is guarded', { cause });
  }
}

function unreadable(): never {
  throw new CodedError('CONTROL_BODY', REASONS.CONTROL_BODY.sentence);
}

/** RFC 9110 section 13.1.2 and RFC 7240 section 4.3. */
async function answerPoll(
  { store, closing, observe }: AppDeps,
  connection: ConnectionKey,
  request: Request,
  response: Response,
): Promise<void> {
  const key = connectionKey(connection);
  const etag = request.get('If-None-Match') ?? null;
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const wait = AbortSignal.timeout(waitSeconds(request) * 1000);
  const found = await store.watch(key, etag, AbortSignal.any([gone.signal, closing, wait]));
  if (response.destroyed) return;
  response.set({ 'Cache-Control': 'no-store' });
  if (found !== undefined) {
    observe(CONTROL_ROUTES.bundles, 200, null);
    response.set({ ETag: found.etag, 'Content-Type': 'application/json' }).status(200).end(found.body);
  } else if (store.get(key) !== undefined && etag !== null) {
    observe(CONTROL_ROUTES.bundles, 304, null);
    response.set({ ETag: etag }).status(304).end();
  } else throw new CodedError('CONTROL_NO_BUNDLE', `there is no bundle for ${key} yet`);
}

function waitSeconds(request: Request): number {
  const wanted = Number(/(?:^|[,;\s])wait=(\d{1,4})/.exec(request.get('Prefer') ?? '')?.[1] ?? 0);
  return Math.min(wanted, POLL_SECONDS);
}

/** Problem details (RFC 9457). What nobody coded is said to the log alone. */
function answerProblem({ observe, failed }: AppDeps): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const code = codeOfFailure(error);
    const { status, sentence, retry } = REASONS[code];
    observe(request.route === undefined ? 'none' : String(request.route.path), status, code);
    if (code === 'CONTROL_UNAVAILABLE') failed(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const detail = error instanceof CodedError && error.code === code ? error.message : sentence;
    const body = { type: `https://rankguard.dev/reasons/${code}`, title: sentence, status, detail, code };
    if (retry) response.set('Retry-After', '1');
    if (status === 401) response.set('WWW-Authenticate', 'Bearer');
    response.status(status).type('application/problem+json').send(JSON.stringify(body));
  };
}

function codeOfFailure(error: unknown): ReasonCode {
  const code = codeOf(error);
  if (code !== undefined && REASONS[code].kind === 'control') return code;
  // body-parser's own errors.
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 413) return 'CONTROL_BODY_TOO_LARGE';
  return status === 400 || status === 415 ? 'CONTROL_BODY' : 'CONTROL_UNAVAILABLE';
}
