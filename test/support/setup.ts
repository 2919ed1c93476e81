import { createKey, sign, startIssuer, type TestIssuer, type TestKey } from '../identity/issuer.ts';
import { openClient, type RawClient, type RawResponse, type RequestParts, requestBytes } from './client.ts';
import { type Guard, startGuard } from './guard.ts';
import { DOCUMENTS, PERSONAL } from './personal.ts';
import { AUDIENCE, type ConnectionOptions, GROUP } from './resources.ts';
import { answerRerank, type RawUpstream, startUpstream } from './upstream.ts';

export interface Setup {
  readonly guard: Guard;
  readonly upstream: RawUpstream;
  readonly issuer: TestIssuer;
  readonly key: TestKey;
  /** A token that passes. */
  readonly token: string;
  /** A token with other claims; undefined removes one. */
  tokenWith(claims: Readonly<Record<string, unknown>>): Promise<string>;
  open(): Promise<RawClient>;
  /** Sends one request on a connection of its own and gives its answer. The good token is there unless said. */
  send(parts: RequestParts): Promise<RawResponse>;
  sendBytes(bytes: string | Buffer): Promise<RawResponse>;
  /** Forgets what the upstream saw and answers as a faithful reranker again. */
  fresh(): void;
  /** Calls that the sidecar is handling. */
  inFlight(): Promise<number>;
  close(): Promise<void>;
}

export type SetupOptions = Omit<ConnectionOptions, 'issuer'> & {
  readonly now?: () => number;
  /** Start before any bundle is in force. */
  readonly withoutBundle?: boolean;
  /** The issuer drops every connection until its `answer` is set back to null. */
  readonly issuerDown?: boolean;
  /** Another upstream than the recording one. */
  readonly upstreamUrl?: string;
};

/** Bodies that pass, by dialect, with personal data in query and documents. */
export const GOOD = {
  tei: { query: `who is ${PERSONAL.EMAIL_ADDRESS}`, texts: DOCUMENTS, return_text: true },
  'cohere-v1': { query: `who is ${PERSONAL.EMAIL_ADDRESS}`, documents: DOCUMENTS, return_documents: true },
  'cohere-v2': { model: 'rerank-v3.5', query: `who is ${PERSONAL.EMAIL_ADDRESS}`, documents: DOCUMENTS },
} as const;
export const ROUTE = { tei: '/rerank', 'cohere-v1': '/v1/rerank', 'cohere-v2': '/v2/rerank' } as const;
export type DialectName = keyof typeof GOOD;

/** Issuer, upstream and sidecar, all on loopback sockets. */
export async function setUp(options: SetupOptions = {}): Promise<Setup> {
  const key = await createKey('ES256', 'key-1');
  const issuer = await startIssuer({ keys: [key.jwk] });
  if (options.issuerDown === true) issuer.answer = (request) => void request.socket.destroy();
  const upstream = await startUpstream();
  const guard = await startGuard({
    ...options,
    issuer: issuer.issuer,
    upstream: options.upstreamUrl ?? upstream.url,
  });
  // A call waits two seconds for the first keys: on a busy machine that is not always enough.
  if (options.withoutBundle !== true && options.issuerDown !== true) await guard.keysOf(issuer.issuer);
  const now = options.now ?? Date.now;
  const clients: RawClient[] = [];

  function tokenWith(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const seconds = Math.floor(now() / 1000);
    const usual = { iss: issuer.issuer, aud: AUDIENCE, sub: 'ann', groups: [GROUP], iat: seconds };
    return sign(key, { ...usual, exp: seconds + 3600, ...claims });
  }
  const token = await tokenWith({});

  async function open(): Promise<RawClient> {
    const client = await openClient(guard.port);
    clients.push(client);
    return client;
  }
  async function sendBytes(bytes: string | Buffer): Promise<RawResponse> {
    const client = await open();
    client.send(bytes);
    const response = await client.response({ head: bytes.toString().startsWith('HEAD ') });
    client.destroy();
    return response;
  }
  return {
    guard,
    upstream,
    issuer,
    key,
    token,
    tokenWith,
    open,
    sendBytes,
    send: (parts) => sendBytes(requestBytes({ token, ...parts })),
    fresh() {
      upstream.reset();
      upstream.script = answerRerank;
    },
    inFlight: () => guard.metric('rankguard_inflight_calls'),
    async close() {
      for (const client of clients) client.destroy();
      await guard.close();
      await upstream.close();
      await issuer.close();
    },
  };
}

/** For a test with a setup of its own: closes it whatever happens, or a failing test would keep the run alive. */
export async function withSetup(options: SetupOptions, use: (setup: Setup) => Promise<void>): Promise<void> {
  const setup = await setUp(options);
  try {
    await use(setup);
  } finally {
    await setup.close();
  }
}
