import { expect, test } from '@jest/globals';
import { createKey, sign } from '../identity/issuer.ts';
import { expectMasked, expectRefusal } from '../support/expectations.ts';
import { GOOD, withSetup } from '../support/setup.ts';
import { waitFor } from '../support/wait.ts';

test('an issuer that is down at the start: 503 until it comes, then calls pass by themselves', async () => {
  await withSetup({ issuerDown: true }, async (setup) => {
    await waitFor(() => setup.issuer.requests.length > 0, 'the first fetch of keys');
    const response = await setup.send({ body: GOOD.tei });
    await expectRefusal(setup, response, 'IDENTITY_UNAVAILABLE');
    expect(setup.upstream.bytes).toBe(0);
    setup.issuer.answer = null;
    const fetched = setup.issuer.requests.length;
    await waitFor(() => setup.issuer.requests.length >= fetched + 2, 'discovery and keys');
    await waitFor(() => setup.guard.logText().includes('key set fetched'), 'the keys');
    await expectMasked(setup, await setup.send({ body: GOOD.tei }));
    expect(setup.upstream.calls).toHaveLength(1);
  });
});

test('an issuer that goes down later: known keys serve for a bounded time, unknown ones at once do not', async () => {
  let offset = 0;
  await withSetup({ now: () => Date.now() + offset }, async (setup) => {
    await expectMasked(setup, await setup.send({ body: GOOD.tei }));
    await setup.issuer.close();
    const longToken = await setup.tokenWith({ exp: Math.floor(Date.now() / 1000) + 86_400 });

    await expectMasked(setup, await setup.send({ token: longToken, body: GOOD.tei }));
    setup.fresh();
    const rotated = await createKey('ES256', 'key-2');
    const claims = {
      iss: setup.issuer.issuer,
      aud: 'rerank',
      sub: 'ann',
      exp: Math.floor(Date.now() / 1000) + 600,
    };
    const unknown = await setup.send({ token: await sign(rotated, claims), body: GOOD.tei });
    await expectRefusal(setup, unknown, 'IDENTITY_UNAVAILABLE');
    expect(setup.upstream.bytes).toBe(0);

    offset = 2 * 3600 * 1000;
    const tooOld = await setup.send({ token: longToken, body: GOOD.tei });
    await expectRefusal(setup, tooOld, 'IDENTITY_UNAVAILABLE');
    expect(setup.upstream.bytes).toBe(0);
  });
});

test.each([
  ['answers with garbage', 'not JSON at all'],
  ['answers with an empty key set', '{"keys":[]}'],
  [
    'speaks for another issuer',
    '{"issuer":"https://elsewhere.example","jwks_uri":"https://elsewhere.example/j"}',
  ],
])('an issuer that %s', async (_, text) => {
  await withSetup({ issuerDown: true }, async (setup) => {
    setup.issuer.answer = (_request, response) => void response.writeHead(200).end(text);
    const asked = setup.issuer.requests.length;
    await waitFor(() => setup.issuer.requests.length > asked, 'another fetch');
    const response = await setup.send({ body: GOOD.tei });
    await expectRefusal(setup, response, 'IDENTITY_UNAVAILABLE');
    expect(setup.upstream.bytes).toBe(0);
  });
});

test('no bundle in force: 503 on every route, and not ready', async () => {
  await withSetup({ withoutBundle: true }, async (setup) => {
    const ready = await fetch(`http://127.0.0.1:${setup.guard.adminPort}/readyz`);
    expect(ready.status).toBe(503);
    await expectRefusal(setup, await setup.send({ body: GOOD.tei }), 'BUNDLE_MISSING', null);
    await expectRefusal(
      setup,
      await setup.send({ method: 'GET', target: '/health' }),
      'BUNDLE_MISSING',
      null,
    );
    expect(setup.upstream.connections).toBe(0);
  });
});
