import { afterEach, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { createIssuer, fetchToken, type Issuer, type IssuerOptions } from './index.ts';

const issuers: Issuer[] = [];
afterEach(async () => {
  for (const issuer of issuers.splice(0)) await issuer.close();
});

async function start(options: IssuerOptions = {}): Promise<Issuer> {
  const issuer = await createIssuer(options);
  issuers.push(issuer);
  return issuer;
}

/** As a relying party does it: discovery, key set, verification. */
async function verify(issuer: Issuer, token: string, audience = 'rerank') {
  const discovery = await fetch(`${issuer.url}/.well-known/openid-configuration`);
  const { jwks_uri, issuer: name } = (await discovery.json()) as { jwks_uri: string; issuer: string };
  expect(name).toBe(issuer.url);
  return jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), { issuer: issuer.url, audience });
}

test('a token verifies against the published keys and carries subject, audience and groups', async () => {
  const issuer = await start({ tokenSeconds: 120 });
  const { payload, protectedHeader } = await verify(issuer, await issuer.token('ana'));
  expect(payload).toMatchObject({ sub: 'ana', aud: 'rerank', groups: ['search-readers', 'billing'] });
  expect(payload.exp! - payload.iat!).toBe(120);
  expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
});

test('somebody without groups has an empty list', async () => {
  const issuer = await start();
  const { payload } = await verify(issuer, await issuer.token('ivo'));
  expect(payload['groups']).toEqual([]);
});

test('a token for another audience does not pass for ours', async () => {
  const issuer = await start();
  const token = await issuer.token('ana', { audience: 'other' });
  await expect(verify(issuer, token)).rejects.toMatchObject({ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  expect((await verify(issuer, token, 'other')).payload.sub).toBe('ana');
});

test('after a rotation new tokens name the new key and old ones still verify', async () => {
  const issuer = await start();
  const before = await issuer.token('omar');
  await issuer.rotate();
  const after = await issuer.token('omar');
  expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
  await verify(issuer, before);
  await verify(issuer, after);
});

test('a forgotten key verifies nothing any more', async () => {
  const issuer = await start();
  const before = await issuer.token('omar');
  await issuer.rotate({ forget: true });
  await expect(verify(issuer, before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
});

test('a stranger, a wrong secret and an unknown resource get no token', async () => {
  const issuer = await start();
  await expect(issuer.token('nobody')).rejects.toThrow('no token for nobody: 40');
  await expect(fetchToken({ url: issuer.url, clientId: 'ana', secret: 'guess' })).rejects.toThrow(
    'invalid_client',
  );
  const response = await fetch(`${issuer.url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('ana:ana-demo-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: 'urn:elsewhere' }),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: 'invalid_target' });
});
