import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { chunked, type RawClient, requestBytes } from '../support/client.ts';
import { DOCUMENTS, HARMLESS, leaksIn, PERSONAL } from '../support/personal.ts';
import { type DialectName, ROUTE, type Setup, withSetup } from '../support/setup.ts';
import { httpAnswer } from '../support/upstream.ts';
import { pause } from '../support/wait.ts';
import { FAMILIES } from './families.ts';
import type { Cell } from './page.ts';
import { escaped, long, PAUSE_MS, pieces } from './upstreams/answers.ts';

const KNOWN = ['tei', 'cohere-v1', 'cohere-v2'] as const;
/** As the page names them. */
export const DIALECTS: readonly string[] = [...KNOWN, ...FAMILIES.map(({ dialect }) => dialect)];

interface Framing {
  readonly title: string;
  /** How a string is spelled in the body. */
  readonly spell?: (text: string) => string;
  readonly send: (client: RawClient, setup: Setup, target: string, body: Buffer) => Promise<void> | void;
}

function encoded(title: string, encode: (body: Buffer) => Buffer): Framing {
  return {
    title,
    send(client, { token }, target, body) {
      client.send(
        requestBytes({ token, target, body: encode(body), headers: [['Content-Encoding', title]] }),
      );
    },
  };
}
const whole: Framing['send'] = (client, { token }, target, body) =>
  client.send(requestBytes({ token, target, body }));
const chunkedHead = (token: string, target: string) =>
  requestBytes({ token, target, headers: [['Transfer-Encoding', 'chunked']] });

export const FRAMINGS: readonly Framing[] = [
  { title: 'Content-Length, one write', send: whole },
  {
    title: 'Content-Length, writes of 7 bytes',
    send(client, { token }, target, body) {
      for (const piece of pieces(requestBytes({ token, target, body }), 7)) client.send(piece);
    },
  },
  {
    title: 'chunked, one byte in each chunk',
    send(client, { token }, target, body) {
      client.send(chunkedHead(token, target));
      for (const piece of pieces(chunked(body, 1), 6)) client.send(piece);
    },
  },
  {
    title: 'trailers that quote the query',
    send(client, { token }, target, body) {
      client.send(chunkedHead(token, target));
      client.send(chunked(body).subarray(0, -2));
      client.send(`X-Note: ${PERSONAL.EMAIL_ADDRESS}\r\n\r\n`);
    },
  },
  encoded('gzip', gzipSync),
  encoded('br', brotliCompressSync),
  encoded('deflate', deflateSync),
  encoded('zstd', zstdCompressSync),
  {
    title: 'a pause inside a value',
    async send(client, { token }, target, body) {
      const bytes = requestBytes({ token, target, body });
      const at = bytes.indexOf('@');
      client.send(bytes.subarray(0, at));
      await pause(PAUSE_MS);
      client.send(bytes.subarray(at));
    },
  },
  { title: 'JSON escapes: `@` as `\\u0040`, `4` as `\\u0034`', spell: escaped, send: whole },
  { title: '1.5 MB', spell: long, send: whole },
];

function bodyOf(dialect: DialectName, spell: (text: string) => string): Buffer {
  const documents = DOCUMENTS.map(spell).join(',');
  const list = dialect === 'tei' ? 'texts' : 'documents';
  const query = JSON.stringify(`who is ${PERSONAL.EMAIL_ADDRESS}`);
  return Buffer.from(`{"model":"rerank-v3.5","query":${query},"${list}":[${documents}]}`);
}

/** What the upstream was sent, as bytes: nothing personal, everything else. */
function judge(setup: Setup, status: number): Cell {
  const [call] = setup.upstream.calls;
  if (status !== 200 || call === undefined || setup.upstream.calls.length !== 1) {
    return { outcome: 'broken', detail: `${status}, ${setup.upstream.calls.length} calls` };
  }
  const leaks = leaksIn(call.bytes);
  if (leaks.length > 0) return { outcome: 'leaked', detail: leaks.join(', ') };
  const harmless = call.body.toString('utf8').split(HARMLESS).length - 1;
  return harmless === DOCUMENTS.length
    ? { outcome: 'masked', detail: '' }
    : { outcome: 'broken', detail: `${harmless} of ${DOCUMENTS.length} documents` };
}

type Body = (spell: (text: string) => string) => Buffer;
/** By `title dialect`: what reaches the reranker under `mask-then-score`. */
export async function measureTowardsUpstream(): Promise<ReadonlyMap<string, Cell>> {
  const cells = new Map<string, Cell>();
  async function measure(setup: Setup, dialect: string, target: string, body: Body) {
    for (const { title, spell = JSON.stringify, send } of FRAMINGS) {
      setup.upstream.reset();
      const client = await setup.open();
      await send(client, setup, target, body(spell));
      const { status } = await client.response();
      client.destroy();
      cells.set(`${title} ${dialect}`, judge(setup, status));
    }
  }
  await withSetup({ order: 'mask-then-score' }, async (setup) => {
    for (const dialect of KNOWN) {
      await measure(setup, dialect, ROUTE[dialect], (spell) => bodyOf(dialect, spell));
    }
  });
  const query = JSON.stringify(`who is ${PERSONAL.EMAIL_ADDRESS}`);
  for (const { dialect, path, body, answer } of FAMILIES) {
    await withSetup({ dialects: [dialect], order: 'mask-then-score' }, async (setup) => {
      const harmless = answer(DOCUMENTS.map(() => '"x"'));
      setup.upstream.script = (call) => call.write(httpAnswer(200, harmless));
      await measure(setup, dialect, path, (spell) => Buffer.from(body(query, DOCUMENTS.map(spell))));
    });
  }
  return cells;
}
