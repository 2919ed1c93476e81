import { gzipSync } from 'node:zlib';
import { chunked, type RawClient, requestBytes } from '../support/client.ts';
import { DOCUMENTS } from '../support/personal.ts';
import { type Setup, setUp } from '../support/setup.ts';
import { pause, waitFor } from '../support/wait.ts';
import type { BeforeAllow } from './page.ts';

/** About 100 KB, as real calls are. */
const texts = Array.from({ length: 50 }, (_, at) => `${DOCUMENTS[at % 3]} ${'lorem ipsum '.repeat(160)}`);
const BODY = Buffer.from(JSON.stringify({ query: 'parcels', texts, return_text: true }));

interface Situation {
  readonly title: string;
  /** The bytes of the call; nothing else is sent. */
  readonly bytes: (setup: Setup) => Promise<Buffer> | Buffer;
  /** true: the sidecar waits for more, so there is no answer yet. */
  readonly waits?: boolean;
}

const chunkedField = [['Transfer-Encoding', 'chunked']] as const;
const good = (setup: Setup, body = BODY) => requestBytes({ token: setup.token, body });
const query = (text: string) => Buffer.from(JSON.stringify({ query: text, texts, return_text: true }));

const SITUATIONS: readonly Situation[] = [
  {
    title: 'all but the last byte of a 100 KB body',
    bytes: (setup) => good(setup).subarray(0, -1),
    waits: true,
  },
  {
    title: 'all but the last chunk of a 100 KB body',
    bytes: ({ token }) =>
      Buffer.concat([requestBytes({ token, headers: chunkedField }), chunked(BODY, 4096).subarray(0, -5)]),
    waits: true,
  },
  {
    title: 'all but the last byte of a gzip body',
    bytes: ({ token }) =>
      requestBytes({ token, body: gzipSync(BODY), headers: [['Content-Encoding', 'gzip']] }).subarray(0, -1),
    waits: true,
  },
  { title: 'a policy says no', bytes: (setup) => good(setup, query('forbidden')) },
  {
    title: 'no policy says yes',
    bytes: async ({ tokenWith }) => requestBytes({ token: await tokenWith({ groups: [] }), body: BODY }),
  },
  { title: 'no token', bytes: () => requestBytes({ token: null, body: BODY }) },
  {
    title: 'an expired token',
    bytes: async ({ tokenWith }) =>
      requestBytes({ token: await tokenWith({ exp: 1_700_000_000 }), body: BODY }),
  },
  {
    title: 'a body that is not JSON after 100 KB',
    bytes: (setup) => good(setup, Buffer.concat([BODY, BODY])),
  },
  {
    title: 'a body that is larger than the limit',
    bytes: ({ token }) => requestBytes({ token, headers: [['Content-Length', '900000000']] }),
  },
  { title: 'an unknown path', bytes: ({ token }) => requestBytes({ token, target: '/predict', body: BODY }) },
];

/** The sidecar runs in this process: after many turns of the loop it has read all that was sent. */
async function settle(setup: Setup): Promise<void> {
  await waitFor(async () => (await setup.inFlight()) === 1, 'the call');
  for (let turn = 0; turn < 50; turn++) await pause(0);
}

async function measure(setup: Setup, { title, bytes, waits }: Situation): Promise<BeforeAllow> {
  const client: RawClient = await setup.open();
  client.send(await bytes(setup));
  let answer = 'none yet';
  if (waits === true) {
    await settle(setup);
  } else {
    const response = await client.response();
    answer = `${response.status} ${String(response.json()['reason'])}`;
  }
  const { connections, bytes: seen } = setup.upstream;
  client.destroy();
  await waitFor(async () => (await setup.inFlight()) === 0, 'the end of the call');
  return { title, answer, connections, bytes: seen };
}

/** Sends each call to a sidecar that has never spoken with its upstream, and counts what the upstream saw. */
export async function measureBeforeAllow(): Promise<readonly BeforeAllow[]> {
  const setup = await setUp();
  try {
    const measured: BeforeAllow[] = [];
    for (const situation of SITUATIONS) measured.push(await measure(setup, situation));
    // The counters count: a call that is allowed arrives, whole.
    const response = await setup.send({ body: BODY });
    const [call] = setup.upstream.calls;
    if (response.status !== 200 || setup.upstream.bytes !== call?.bytes.length)
      throw new Error('the counters do not count');
    return measured;
  } finally {
    await setup.close();
  }
}
