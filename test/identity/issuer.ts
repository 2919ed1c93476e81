import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IssuerConfig } from '@rankguard/contract';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

export interface TestKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Public, with `kid`, `alg` and `use`. */
  readonly jwk: JWK & { readonly kid: string; readonly alg: string };
}

export async function createKey(alg: string, kid: string): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export function sign(
  key: TestKey,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const { alg, kid } = key.jwk;
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header }).sign(key.privateKey);
}

/** A hand-made issuer on loopback: every answer can be replaced. */
export interface TestIssuer {
  readonly issuer: string;
  readonly config: IssuerConfig;
  /** Paths asked for, in order. */
  readonly requests: string[];
  /** What discovery and key set answer; a test may replace either, or `answer` for all paths. */
  keys: readonly JWK[];
  metadata: Readonly<Record<string, unknown>>;
  answer: RequestListener | null;
  close(): Promise<void>;
}

export interface TestIssuerOptions {
  readonly keys?: readonly JWK[];
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Path of the issuer's URL. */
  readonly path?: string;
}

export const AUDIENCE = 'rerank';

export async function startIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request.url ?? '');
    if (issuer.answer !== null) return void issuer.answer(request, response);
    if (request.url?.endsWith('/.well-known/openid-configuration'))
      return void json(response, issuer.metadata);
    if (request.url === '/jwks') return void json(response, { keys: issuer.keys });
    response.writeHead(404).end();
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = options.tls === undefined ? `http://127.0.0.1:${port}` : `https://127.0.0.1:${port}`;
  const url = `${origin}${options.path ?? ''}`;
  const issuer: TestIssuer = {
    issuer: url,
    config: { issuer: url, audiences: [AUDIENCE], claims: {}, caBundle: null },
    requests,
    keys: options.keys ?? [],
    metadata: { issuer: url, jwks_uri: `${origin}/jwks` },
    answer: null,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return issuer;
}

type Response = Parameters<RequestListener>[1];

export function json(response: Response, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
