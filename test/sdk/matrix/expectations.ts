import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../../support/wait.ts';
import type { Ask, SdkClient } from './clients.ts';
import {
  createMatrixWorld,
  DOCUMENTS,
  EMAIL,
  EXPLANATION,
  FORBIDDEN_QUERY,
  GENTLE_QUERY,
  type MatrixWorld,
  QUERY,
  ranked,
  STRICT_QUERY,
} from './world.ts';

/** What holds for every client. `prepare` runs first. */
export function describeClient(client: SdkClient, prepare: () => Promise<void> = async () => {}): void {
  /** For clients that take fewer results than documents; the others need `floor` with `below: last`. */
  const drops = (name: string, body: () => Promise<void>, timeout: number) => {
    if (client.keepsCount !== true) test(name, body, timeout);
  };
  let world: MatrixWorld;
  beforeAll(async () => {
    await prepare();
    world = await createMatrixWorld([client.dialect], client.speaks);
  }, 600_000);
  beforeEach(() => world.fresh());
  afterAll(async () => {
    client.close?.();
    await world.close();
  });

  const ask = (more: Partial<Ask> = {}) =>
    client.rerank({ url: world.url, token: world.token, query: QUERY, documents: DOCUMENTS, ...more });

  /** The text of the client's own exception. */
  async function failure(more: Partial<Ask>): Promise<string> {
    const error = await ask(more).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) throw new Error('the call did not fail');
    return String((error as Error).message);
  }

  test('is answered as by the reranker, with the sidecar’s own key', async () => {
    const all = [0, 1, 2, 3, 4];
    const found = await ask({ query: 'refund policy' });
    expect(found.map(({ index, score }) => [index, score])).toEqual(
      ranked('refund policy', all).map(({ index, score }) => [index, score]),
    );
    expect(world.received.map(({ credential }) => credential)).toEqual(world.received.map(() => 'own'));
    expect(JSON.stringify(world.received)).not.toContain(world.token);
    expect(world.calls[0]).toMatchObject({ verdict: 'allow', dialect: client.dialect, documents: 5 });
  }, 60_000);

  drops(
    'gets the results of its own documents where one was dropped',
    async () => {
      const found = await ask();
      expect(found.map(({ index, score }) => [index, score])).toEqual(
        ranked(QUERY, [1, 2, 3, 4]).map(({ index, score }) => [index, score]),
      );
      expect(world.received[0]?.body).not.toContain('chairman');
    },
    60_000,
  );

  drops(
    'gets the best two of its own',
    async () => {
      const found = await ask({ topN: 2 });
      expect(found.map(({ index }) => index)).toEqual(
        ranked(QUERY, [1, 2, 3, 4])
          .slice(0, 2)
          .map(({ index }) => index),
      );
    },
    60_000,
  );

  drops(
    'does not get what lies below the floor',
    async () => {
      const found = await ask({ query: STRICT_QUERY });
      const strong = ranked(STRICT_QUERY, [0, 1, 2, 3, 4]).filter(({ score }) => score > 0);
      expect(strong.length).toBeGreaterThan(0);
      expect(found.map(({ index, score }) => [index, score])).toEqual(
        strong.map(({ index, score }) => [index, score]),
      );
    },
    60_000,
  );

  test('has what lies below a gentle floor at the end', async () => {
    const places = [0, 1, 2, 3, 4];
    const found = await ask({ query: GENTLE_QUERY });
    expect(found.map(({ index }) => index)).toEqual(ranked(GENTLE_QUERY, places).map(({ index }) => index));
    expect(await waitFor(() => world.calls[0], 'the record')).toMatchObject({ verdict: 'allow', results: 5 });
  }, 60_000);

  test('has documents echoed only where it asks, each its own and masked', async () => {
    const query = 'refund policy';
    expect((await ask({ query })).every(({ document }) => document === undefined)).toBe(true);
    const found = await ask({ query, echo: true });
    for (const { index, document } of found) {
      if (!client.echoes) expect(document).toBeUndefined();
      else expect(document).toBe(DOCUMENTS[index]!.replace(EMAIL, '<EMAIL_ADDRESS>'));
    }
  }, 60_000);

  test('shows why it is denied, and asks once', async () => {
    const shown = await failure({ query: FORBIDDEN_QUERY });
    if (client.silent !== true) {
      expect(shown).toContain(EXPLANATION);
      expect(shown).toContain('SALARIES_FORBIDDEN');
    }
    await waitFor(() => world.calls.length > 0, 'the record');
    expect(world.calls).toHaveLength(1);
    expect(world.received).toEqual([]);
  }, 60_000);

  test('shows that nobody allowed it, and asks once', async () => {
    const shown = await failure({ token: world.stranger });
    if (client.silent !== true) expect(shown).toContain('NOT_ALLOWED');
    await waitFor(() => world.calls.length > 0, 'the record');
    expect(world.calls).toHaveLength(1);
    expect(world.received).toEqual([]);
  }, 60_000);

  drops(
    'gets an empty list where nothing is left',
    async () => {
      expect(await ask({ documents: [DOCUMENTS[0]!] })).toEqual([]);
      expect(world.received).toEqual([]);
    },
    60_000,
  );
}
