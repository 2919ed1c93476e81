import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { decodeBody } from './encoding.ts';

const TEXT = Buffer.from('{"query":"é"}'.repeat(1000));
const MIB = 1024 * 1024;

function bounds(maxBytes: number, room: number) {
  const state = { held: 0 };
  const reserve = (bytes: number) => {
    if (state.held + bytes > room) return false;
    state.held += bytes;
    return true;
  };
  return { state, options: { maxBytes, reserve } };
}

describe('decodeBody', () => {
  test.each([
    ['gzip', gzipSync(TEXT)],
    ['X-GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
    ['identity', TEXT],
    [undefined, TEXT],
  ])('undoes %s', async (coding, body) => {
    expect(await decodeBody(body, coding, bounds(MIB, MIB).options)).toEqual({ ok: true, body: TEXT });
  });

  test.each([
    ['compress', TEXT],
    ['gzip, br', gzipSync(TEXT)],
    ['gzip', TEXT],
    ['gzip', gzipSync(TEXT).subarray(0, 30)],
    ['br', Buffer.alloc(0)],
    ['constructor', TEXT],
  ])('refuses what is not %s', async (coding, body) => {
    expect(await decodeBody(body, coding, bounds(MIB, MIB).options)).toEqual({ ok: false, why: 'encoding' });
  });

  test('a bomb is stopped at the limit of one call and holds no more than that', async () => {
    const { state, options } = bounds(MIB, 64 * MIB);
    expect(await decodeBody(gzipSync(Buffer.alloc(50 * MIB)), 'gzip', options)).toEqual({
      ok: false,
      why: 'size',
    });
    expect(state.held).toBeLessThanOrEqual(MIB);
  });

  test('a bomb is stopped where all calls together have no room left', async () => {
    const { state, options } = bounds(64 * MIB, MIB);
    expect(await decodeBody(gzipSync(Buffer.alloc(50 * MIB)), 'gzip', options)).toEqual({
      ok: false,
      why: 'room',
    });
    expect(state.held).toBeLessThanOrEqual(MIB);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)(
    '%s of exactly as many bytes as are allowed is undone, of one more it is not',
    async (coding, encode) => {
      const body = encode(TEXT);
      expect(await decodeBody(body, coding, bounds(TEXT.length, MIB).options)).toEqual({
        ok: true,
        body: TEXT,
      });
      expect(await decodeBody(body, coding, bounds(TEXT.length - 1, MIB).options)).toEqual({
        ok: false,
        why: 'size',
      });
      const bomb = encode(Buffer.alloc(64 * MIB));
      expect(bomb.length).toBeLessThan(MIB / 4);
      expect(await decodeBody(bomb, coding, bounds(MIB, 64 * MIB).options)).toEqual({
        ok: false,
        why: 'size',
      });
      for (const wrong of [body.subarray(0, -5), Buffer.alloc(0), Buffer.alloc(40, 0xff)]) {
        expect(await decodeBody(wrong, coding, bounds(MIB, MIB).options)).toEqual({
          ok: false,
          why: 'encoding',
        });
      }
    },
  );

  test('refuses deflate without its frame (RFC 9110 section 8.4.1.2)', async () => {
    const decoded = await decodeBody(deflateRawSync(TEXT), 'deflate', bounds(MIB, MIB).options);
    expect(decoded).toEqual({ ok: false, why: 'encoding' });
  });

  test.each([undefined, 'Identity', '', ' '])(
    'without a coding (%j) the same buffer comes back',
    async (coding) => {
      const decoded = await decodeBody(TEXT, coding, bounds(0, 0).options);
      expect(decoded.ok && decoded.body).toBe(TEXT);
    },
  );
});
