import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { requestBytes } from '../support/client.ts';
import { expectMasked, expectNothingForwarded, expectRefusal, goodRequest } from '../support/expectations.ts';
import { GOOD, type Setup, setUp, withSetup } from '../support/setup.ts';
import { answerRerank, httpAnswer, rerankAnswer } from '../support/upstream.ts';
import { createGate, waitFor } from '../support/wait.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await setUp({ limits: { timeoutSeconds: 1, concurrency: 3 } });
});
beforeEach(() => setup.fresh());
afterAll(() => setup.close());

describe('time', () => {
  test('a body whose last byte does not come', async () => {
    const client = await setup.open();
    const bytes = goodRequest(setup);
    client.send(bytes.subarray(0, -1));
    const response = await client.response();
    await expectRefusal(setup, response, 'BODY_TIMEOUT');
    expect(response.headers.get('connection')).toBe('close');
    client.destroy();
    await expectNothingForwarded(setup);
  });

  test('an upstream that does not answer', async () => {
    const gate = createGate();
    setup.upstream.script = () => gate.opened;
    const response = await setup.send({ body: GOOD.tei });
    await expectRefusal(setup, response, 'UPSTREAM_TIMEOUT');
    await setup.upstream.calls[0]?.closed;
    gate.open();
  });

  test('an upstream that stops in the middle', async () => {
    const gate = createGate();
    setup.upstream.script = async (call) => {
      await call.write(httpAnswer(200, JSON.stringify(rerankAnswer(call))).subarray(0, -5));
      await gate.opened;
    };
    const response = await setup.send({ body: GOOD.tei });
    await expectRefusal(setup, response, 'UPSTREAM_TIMEOUT');
    await setup.upstream.calls[0]?.closed;
    gate.open();
  });
});

describe('a caller who goes away', () => {
  test('while the upstream works: its call is ended and recorded', async () => {
    const gate = createGate();
    setup.upstream.script = () => gate.opened;
    const client = await setup.open();
    client.send(goodRequest(setup));
    const call = await waitFor(() => setup.upstream.calls[0], 'the call at the upstream');
    const before = setup.guard.calls.length;
    client.destroy();
    await call.closed;
    const record = await waitFor(() => setup.guard.calls[before], 'the record');
    expect(record).toMatchObject({ status: 499, reason: 'CLIENT_GONE', bytesOut: expect.any(Number) });
    gate.open();
  });

  test('while a streamed route has no answer yet', async () => {
    const gate = createGate();
    setup.upstream.script = () => gate.opened;
    const client = await setup.open();
    client.send(requestBytes({ method: 'GET', target: '/health' }));
    const call = await waitFor(() => setup.upstream.calls[0], 'the call at the upstream');
    const before = setup.guard.calls.length;
    client.destroy();
    await call.closed;
    const record = await waitFor(() => setup.guard.calls[before], 'the record');
    expect(record).toMatchObject({ status: 499, reason: 'CLIENT_GONE', upstreamStatus: null });
    gate.open();
  });

  test('while it sends its body: nothing is forwarded', async () => {
    const before = setup.guard.calls.length;
    const client = await setup.open();
    client.send(requestBytes({ token: setup.token, headers: [['Content-Length', '500']] }));
    client.send('{"query":');
    await waitFor(async () => (await setup.inFlight()) > 0, 'the call');
    client.destroy();
    const record = await waitFor(() => setup.guard.calls[before], 'the record');
    expect(record).toMatchObject({ status: 499, reason: 'CLIENT_GONE' });
    await expectNothingForwarded(setup);
  });

  test('by closing only its own side: gone as well, for nobody else would notice a caller that ends', async () => {
    const gate = createGate();
    setup.upstream.script = () => gate.opened;
    const client = await setup.open();
    client.send(goodRequest(setup));
    const call = await waitFor(() => setup.upstream.calls[0], 'the call at the upstream');
    client.end();
    await call.closed;
    expect(await client.rest()).toHaveLength(0);
    gate.open();
  });
});

describe('bounds', () => {
  test('more calls than may be in flight: 503 at once, and the others are served', async () => {
    const gate = createGate();
    setup.upstream.script = async (call) => {
      await gate.opened;
      await answerRerank(call);
    };
    const served = [1, 2, 3].map(() => setup.send({ body: GOOD.tei }));
    await waitFor(() => setup.upstream.calls.length === 3, 'three calls');
    const refused = await setup.send({ body: GOOD.tei });
    await expectRefusal(setup, refused, 'OVERLOADED');
    expect(refused.headers.get('retry-after')).toBe('1');
    // A full sidecar must not make the reranker look dead to a probe.
    setup.upstream.script = (call) => call.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect((await setup.send({ method: 'GET', target: '/health', token: null })).status).toBe(200);
    gate.open();
    for (const response of await Promise.all(served)) await expectMasked(setup, response);
    expect(setup.upstream.calls.map(({ path }) => path)).toEqual([
      '/rerank',
      '/rerank',
      '/rerank',
      '/health',
    ]);
  });

  test('more bytes than may be held, announced', async () => {
    await withSetup(
      { limits: { requestBytes: '8Ki', bufferedBytes: '8Ki', timeoutSeconds: 5 } },
      async (small) => {
        const client = await small.open();
        client.send(requestBytes({ token: small.token, headers: [['Content-Length', '6000']] }));
        await waitFor(async () => (await small.inFlight()) > 0, 'the first call');
        await waitFor(
          async () => (await small.guard.metric('rankguard_buffered_bytes')) >= 6000,
          'its bytes',
        );
        const refused = await small.send({ body: { ...GOOD.tei, pad: 'x'.repeat(5000) } });
        await expectRefusal(small, refused, 'BUFFER_FULL');
        client.destroy();
        await waitFor(async () => (await small.inFlight()) === 0, 'the end of the first call');
        await expectNothingForwarded(small);
      },
    );
  });

  test('an answer that there is no room for', async () => {
    await withSetup({ limits: { requestBytes: '8Ki', bufferedBytes: '8Ki' } }, async (small) => {
      small.upstream.script = (call) => call.write(httpAnswer(200, JSON.stringify('x'.repeat(20_000))));
      await expectRefusal(small, await small.send({ body: GOOD.tei }), 'BUFFER_FULL');
      small.fresh();
      await expectNothingForwarded(small);
    });
  });
});

describe('Expect: 100-continue', () => {
  const expecting = (token: string | null, length: number) =>
    requestBytes({
      token,
      headers: [
        ['Expect', '100-continue'],
        ['Content-Length', String(length)],
      ],
    });
  const body = Buffer.from(JSON.stringify(GOOD.tei));

  test('says 100 to somebody who may speak, and takes the body', async () => {
    const client = await setup.open();
    client.send(expecting(setup.token, body.length));
    await waitFor(() => client.received > 0, '100 Continue');
    expect(setup.upstream.connections + setup.upstream.bytes).toBe(0);
    client.send(body);
    const response = await client.response();
    expect(response.interim).toEqual([100]);
    await expectMasked(setup, response);
  });

  test.each([
    ['nobody knows', () => expecting(null, body.length), 'TOKEN_MISSING'],
    ['has too much to say', () => expecting(setup.token, 900_000_000), 'BODY_TOO_LARGE'],
  ] as const)('does not say it to somebody who %s', async (_, bytes, reason) => {
    const client = await setup.open();
    client.send(bytes());
    const response = await client.response();
    expect(response.interim).toEqual([]);
    await expectRefusal(setup, response, reason);
    client.destroy();
    await expectNothingForwarded(setup);
  });
});
