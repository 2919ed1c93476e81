import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Adapter, type Configuration, errors, type JWK, Provider } from 'oidc-provider';
import { createKey } from './keys.ts';
import { PEOPLE, type Person } from './people.ts';

export { PEOPLE, type Person };

/** The audience that the example's connection asks for. */
export const AUDIENCE = 'rerank';
/** RFC 8707 wants an absolute URI; the token's audience is the short name after the last colon. */
const RESOURCES = ['urn:rankguard:rerank', 'urn:rankguard:other'];

export interface IssuerOptions {
  /** 0 picks a free port. Default 0. */
  readonly port?: number;
  readonly people?: readonly Person[];
  /** Seconds until a token expires. Default 3600. */
  readonly tokenSeconds?: number;
}

export interface TokenOptions {
  /** `rerank`, or `other` for a token that the example must refuse. */
  readonly audience?: 'rerank' | 'other';
}

export interface Issuer {
  /** The issuer's identifier, e.g. `http://127.0.0.1:9400`. */
  readonly url: string;
  /** A JWT access token of one of the people, fetched over HTTP. Rejects with the issuer's answer. */
  token(clientId: string, options?: TokenOptions): Promise<string>;
  /** Signs with a new key from now on. Earlier keys stay published unless `forget` is set. */
  rotate(options?: { readonly forget?: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** A real OpenID Connect issuer (oidc-provider) on loopback: client credentials, JWT access tokens with groups. */
export async function createIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const people = options.people ?? PEOPLE;
  const tokenSeconds = options.tokenSeconds ?? 3600;
  let keys: readonly JWK[] = [await createKey()];
  let handle: RequestListener = (_, response) => void response.writeHead(503).end();

  // The identifier holds the port, so the socket comes first.
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cookieKey = randomUUID();

  /** oidc-provider takes its keys at construction: a rotation is a new provider behind the same socket. */
  function serve(): void {
    const provider = new Provider(url, configure({ people, keys, tokenSeconds, cookieKey }));
    handle = provider.callback();
  }
  serve();

  async function rotate({ forget = false } = {}): Promise<void> {
    const next = await createKey();
    keys = forget ? [next] : [next, ...keys];
    serve();
  }

  function token(clientId: string, { audience = AUDIENCE }: TokenOptions = {}): Promise<string> {
    const secret = people.find((one) => one.clientId === clientId)?.secret ?? '';
    return fetchToken({ url, clientId, secret, audience });
  }

  function close(): Promise<void> {
    return new Promise((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeIdleConnections();
    });
  }
  return { url, token, rotate, close };
}

/** Clients are configured and tokens are signed statements: this issuer has nothing to remember. */
const STORES_NOTHING: Adapter = {
  upsert: async () => undefined,
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => undefined,
  destroy: async () => undefined,
  revokeByGrantId: async () => undefined,
};

interface Settings {
  readonly people: readonly Person[];
  readonly keys: readonly JWK[];
  readonly tokenSeconds: number;
  readonly cookieKey: string;
}

function configure({ people, keys, tokenSeconds, cookieKey }: Settings): Configuration {
  const groups = new Map(people.map((one) => [one.clientId, one.groups]));
  return {
    clients: people.map(({ clientId, secret }) => ({
      client_id: clientId,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [...keys] },
    adapter: () => STORES_NOTHING,
    cookies: { keys: [cookieKey] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCES[0]!,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: '',
          audience: audienceOf(resource),
          accessTokenFormat: 'jwt',
          accessTokenTTL: tokenSeconds,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    ttl: { ClientCredentials: tokenSeconds },
    extraTokenClaims: (_context, issued) => ({ groups: groups.get(issued.clientId ?? '') ?? [] }),
  };
}

function audienceOf(resource: string): string {
  if (!RESOURCES.includes(resource)) throw new errors.InvalidTarget();
  return resource.slice(resource.lastIndexOf(':') + 1);
}

export interface TokenRequest {
  readonly url: string;
  readonly clientId: string;
  readonly secret: string;
  readonly audience?: 'rerank' | 'other';
}

/** The client credentials grant (RFC 6749 section 4.4) with a resource indicator (RFC 8707). */
export async function fetchToken(request: TokenRequest): Promise<string> {
  const response = await fetch(`${request.url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${request.clientId}:${request.secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: `urn:rankguard:${request.audience ?? AUDIENCE}`,
    }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = (await response.json()) as { access_token?: string; error?: string };
  if (answer.access_token === undefined) {
    throw new Error(`no token for ${request.clientId}: ${response.status} ${answer.error ?? ''}`.trim());
  }
  return answer.access_token;
}
