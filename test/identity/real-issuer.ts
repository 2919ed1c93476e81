import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK } from 'jose';
import type { TestKey } from './issuer.ts';

/** What is used here of oidc-provider, which has no types of its own. */
interface ProviderModule {
  readonly Provider: new (
    issuer: string,
    configuration: Readonly<Record<string, unknown>>,
  ) => { callback(): RequestListener };
}

export interface RealIssuer {
  readonly issuer: string;
  /** An access token by the client credentials grant (RFC 6749 section 4.4) for a resource (RFC 8707). */
  token(resource: string, scope: string): Promise<string>;
  close(): Promise<void>;
}

const CLIENT = { id: 'nightly-job', secret: 'only-for-tests' };

/** oidc-provider, a certified OpenID provider, on loopback. Its access tokens are JWTs of 10 minutes. */
export async function startRealIssuer(keys: readonly TestKey[], alg: string): Promise<RealIssuer> {
  // The name is not a literal, so that the compiler does not look for types.
  const name: string = 'oidc-provider';
  const { Provider } = (await import(name)) as ProviderModule;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwks = await Promise.all(
    keys.map(async ({ privateKey, jwk }) => ({
      ...(await exportJWK(privateKey)),
      kid: jwk.kid,
      use: 'sig',
      alg: jwk.alg,
    })),
  );
  const provider = new Provider(issuer, {
    jwks: { keys: jwks },
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'rerank score',
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
    extraTokenClaims: () => ({ realm_access: { roles: ['search-readers'] }, purpose: 'evaluation' }),
  });
  server.on('request', provider.callback());
  return {
    issuer,
    async token(resource, scope) {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
      });
      const body = (await response.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(JSON.stringify(body));
      return body.access_token;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
