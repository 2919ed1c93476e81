import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type BundleParts, buildBundle } from './bundle.ts';
import { canonicalJson, digestOf } from './digest.ts';

const parts: BundleParts = {
  connection: {
    namespace: 'shop',
    name: 'search',
    dialects: ['tei'],
    issuers: [],
    anonymous: 'deny',
    serviceAccountAudiences: [],
    otherPorts: [],
    staleAfterSeconds: 86_400,
    models: null,
    dataset: null,
    upstreamKey: null,
    listenerTls: null,
    upstreamCa: null,
    rankingHeader: false,
    limits: {
      requestBytes: 1,
      responseBytes: 1,
      bufferedBytes: 1,
      documents: 1,
      concurrency: 1,
      timeoutSeconds: 1,
    },
  },
  masking: { order: 'score-then-mask', fields: [], detectors: [], tokenKey: null },
  policies: [],
  revision: 7,
  expires: null,
};

describe('a bundle', () => {
  test('carries its parts and the digest of what it does', () => {
    const { digest, ...bundle } = buildBundle(parts);
    expect(bundle).toEqual({ format: 1, ...parts });
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(buildBundle({ ...parts, revision: 8 }).digest).toBe(digest);
    expect(buildBundle({ ...parts, expires: 1 }).digest).not.toBe(digest);
    expect(
      buildBundle({ ...parts, masking: { ...parts.masking, order: 'mask-then-score' } }).digest,
    ).not.toBe(digest);
  });
});

describe('canonical JSON', () => {
  test('is what RFC 8785 writes', () => {
    // The sorting example of RFC 8785, section 3.2.3: by UTF-16 code units.
    const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'];
    const value = Object.fromEntries(names.map((name) => [name, 0]));
    expect(canonicalJson(value)).toBe(`{${sorted.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`);
    const text = '{"a":[1,{"b":null}]}';
    expect(digestOf({ a: [1, { b: null }] })).toBe(createHash('sha256').update(text).digest('hex'));
  });

  test('reads back as the same value and does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON has no -0: compare what JSON keeps.
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
    );
  });
});
