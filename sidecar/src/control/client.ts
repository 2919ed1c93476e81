import { CodedError, REASONS, type ReasonCode } from '@rankguard/contract';
import {
  ACTIVE_REVISION_HEADER,
  type Ack,
  type AuditBatch,
  bundlePath,
  CONTROL_ROUTES,
  type ConnectionKey,
  MOST_BUNDLE_BYTES,
  MOST_MESSAGE_BYTES,
  readUsageShares,
  type UsageReport,
  type UsageShares,
} from '@rankguard/contract/control';
import { Agent, type Dispatcher, request } from 'undici';

export interface ControlClientOptions {
  /** Origin of the control API. */
  readonly url: string;
  /** PEM certificates that its own must chain to. */
  readonly ca: string;
  /** The pod's token; read for each request, because the kubelet renews it. */
  readonly token: () => Promise<string>;
}

export interface Poll {
  readonly connection: ConnectionKey;
  /** Tag of what is known; null: nothing is. */
  readonly etag: string | null;
  readonly activeRevision: number | null;
  /** How long the operator may wait for news. */
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

export type PollAnswer =
  | { readonly kind: 'bundle'; readonly signed: unknown; readonly etag: string | null }
  | { readonly kind: 'unchanged' };

/** The sidecar's side of the control API. Whatever is no answer rejects with a CodedError of a CONTROL code. */
export interface ControlClient {
  poll(poll: Poll): Promise<PollAnswer>;
  ack(ack: Ack, signal?: AbortSignal): Promise<void>;
  audit(batch: AuditBatch, signal?: AbortSignal): Promise<void>;
  /** What this sidecar counted, for what the others did. */
  usage(report: UsageReport, signal?: AbortSignal): Promise<UsageShares>;
  /** Chains of the control API end in these certificates from now on. */
  trust(ca: string): void;
  close(): Promise<void>;
}

const ANSWER_MS = 10_000;
const MOST_PROBLEM_BYTES = 16 * 1024;

export function createControlClient(options: ControlClientOptions): ControlClient {
  let { ca } = options;
  let agent = createAgent(ca);

  async function send(
    path: string,
    init: Pick<Dispatcher.RequestOptions, 'method' | 'body' | 'headers' | 'signal'> & { timeoutMs: number },
  ): Promise<Dispatcher.ResponseData> {
    const { timeoutMs, headers, ...rest } = init;
    try {
      return await request(`${options.url}${path}`, {
        ...rest,
        dispatcher: agent,
        headersTimeout: timeoutMs,
        bodyTimeout: ANSWER_MS,
        headers: { ...headers, authorization: `Bearer ${await options.token()}` },
      });
    } catch (cause) {
      const why = (cause as { code?: string }).code ?? 'no answer';
      throw new CodedError('CONTROL_UNAVAILABLE', `the operator cannot be reached (${why})`, { cause });
    }
  }

  async function post(
    path: string,
    message: unknown,
    signal: AbortSignal | undefined,
    expected: 200 | 204,
  ): Promise<Dispatcher.ResponseData['body']> {
    const answer = await send(path, {
      method: 'POST',
      body: JSON.stringify(message),
      headers: { 'content-type': 'application/json' },
      timeoutMs: ANSWER_MS,
      signal: signal ?? null,
    });
    if (answer.statusCode !== expected) throw await refusalOf(answer);
    return answer.body;
  }
  async function tell(path: string, message: unknown, signal?: AbortSignal): Promise<void> {
    await (await post(path, message, signal, 204)).dump();
  }

  return {
    async poll({ connection, etag, activeRevision, waitSeconds, signal }) {
      const headers: Record<string, string> = { prefer: `wait=${waitSeconds}` };
      if (etag !== null) headers['if-none-match'] = etag;
      if (activeRevision !== null) headers[ACTIVE_REVISION_HEADER] = String(activeRevision);
      const timeoutMs = waitSeconds * 1000 + ANSWER_MS;
      const answer = await send(bundlePath(connection), { method: 'GET', headers, timeoutMs, signal });
      if (answer.statusCode === 304) {
        await answer.body.dump();
        return { kind: 'unchanged' };
      }
      if (answer.statusCode !== 200) throw await refusalOf(answer);
      const signed = parse(await read(answer.body, MOST_BUNDLE_BYTES * 2));
      const tag = answer.headers['etag'];
      return { kind: 'bundle', signed, etag: typeof tag === 'string' ? tag : null };
    },
    ack: (ack, signal) => tell(CONTROL_ROUTES.acks, ack, signal),
    audit: (batch, signal) => tell(CONTROL_ROUTES.audit, batch, signal),
    async usage(report, signal) {
      const body = await post(CONTROL_ROUTES.usage, report, signal, 200);
      const shares = readUsageShares(parse(await read(body, MOST_MESSAGE_BYTES)));
      if (shares !== undefined) return shares;
      throw new CodedError('CONTROL_UNAVAILABLE', "the operator's answer is not what it should be");
    },
    trust(next) {
      if (next === ca) return;
      ca = next;
      const old = agent;
      agent = createAgent(ca);
      // A poll that waits ends by itself.
      old.close().catch(() => {});
    },
    close: () => agent.destroy(),
  };
}

function createAgent(ca: string): Agent {
  return new Agent({ connect: { ca, timeout: ANSWER_MS }, keepAliveTimeout: 30_000, connections: 8 });
}

async function read(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of body) {
      size += part.byteLength;
      if (size > most) throw new CodedError('CONTROL_UNAVAILABLE', `the answer is larger than ${most} bytes`);
      parts.push(part);
    }
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('CONTROL_UNAVAILABLE', "the operator's answer broke off", { cause });
  }
  return Buffer.concat(parts);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new CodedError('CONTROL_UNAVAILABLE', "the operator's answer is not JSON", { cause });
  }
}

/** The problem that the operator answers with (RFC 9457), as an error of its code. */
async function refusalOf(answer: Dispatcher.ResponseData): Promise<CodedError> {
  const { statusCode } = answer;
  try {
    const problem = parse(await read(answer.body, MOST_PROBLEM_BYTES)) as {
      code?: unknown;
      detail?: unknown;
    };
    if (isControlCode(problem.code)) return new CodedError(problem.code, String(problem.detail));
  } catch {
    // Something between here and the operator answered.
  }
  return new CodedError('CONTROL_UNAVAILABLE', `the operator answered ${statusCode}`);
}

function isControlCode(code: unknown): code is ReasonCode {
  return typeof code === 'string' && Object.hasOwn(REASONS, code) && code.startsWith('CONTROL_');
}
