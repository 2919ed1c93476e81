import { describe, expect, test } from '@jest/globals';
import { NO_OBLIGATIONS, type ResolvedMasking } from '@rankguard/contract';
import fc from 'fast-check';
import { drops, keep, MASKING, type Said, sentWith, throughBothPhases } from './calls.ts';
import { cohere, FORMATS, tei, vertex } from './formats.ts';

describe('top_n', () => {
  const body = (topN: string) => `{"model":"m","query":"q","documents":["a","b","c"],"top_n":${topN}}`;
  test.each([
    ['is lowered to what is left', '3', [1], '2'],
    ['beyond the list is lowered to what is left', '999999999', [0], '2'],
    ['stays when enough is left', '2', [1], '2'],
    ['stays as it was when nothing is dropped', '7', [], '7'],
    ['that is null stays null', 'null', [1], 'null'],
  ])('%s', (_, topN, gone, left) => {
    const said = { ...keep(), request: { ...NO_OBLIGATIONS, drop: drops(gone) } };
    expect(sentWith('/v2/rerank', body(topN), said)).toContain(`"top_n":${left}}`);
  });
});

describe('nothing is left', () => {
  const none = (count: number): Said => ({
    ...keep(),
    request: { ...NO_OBLIGATIONS, drop: drops(Array.from({ length: count }, (_, i) => i)) },
  });
  test.each(FORMATS.map((format) => [format.path, format] as const))(
    '%s: nothing is sent',
    (path, format) => {
      expect(sentWith(path, format.body([['"a"', '"b"']], null), none(2))).toBeNull();
    },
  );

  test('of one ranking of a batch: the batch is refused, for its answer could not be joined', () => {
    const body = vertex.body([['"a"', '"b"'], ['"c"']], null);
    expect(sentWith('/vertex', body, none(2))).toMatch(
      /^NOT_ALLOWED: one of the rankings has no candidate left/,
    );
  });

  test('a drop of a candidate that is not there changes nothing', () => {
    const body = cohere(1).body([['"a"']], '1');
    const said = { ...keep(), request: { ...NO_OBLIGATIONS, drop: drops([1, 5]) } };
    expect(sentWith('/v1/rerank', body, said)).toBe(body);
  });
});

describe('a limit', () => {
  const texts = ['"a"', '"b"', '"c"'];
  const limit = (documents: number, truncate: boolean) => keep({ documents, truncate, policy: 'shop/p' });

  test('that is kept changes nothing', () => {
    const body = tei('/rerank').body([texts], null);
    expect(sentWith('/rerank', body, limit(3, false))).toBe(body);
    expect(sentWith('/rerank', body, limit(3, true))).toBe(body);
  });

  test('refuses, or cuts off the rest', () => {
    const body = tei('/rerank').body([texts], null);
    expect(sentWith('/rerank', body, limit(2, false))).toBe(
      "LIMIT_EXCEEDED: 3 documents; the policy's limit is 2",
    );
    expect(tei('/rerank').parts(sentWith('/rerank', body, limit(2, true))!)).toEqual([['"a"', '"b"']]);
  });

  test('counts what is left after drops, over all rankings', () => {
    const body = vertex.body([texts, texts], null);
    const dropped = drops([0, 4]);
    const said = (truncate: boolean, documents: number) => ({
      ...keep(),
      request: { ...NO_OBLIGATIONS, drop: dropped, limit: { documents, truncate, policy: 'p' } },
    });
    expect(vertex.parts(sentWith('/vertex', body, said(false, 4))!)).toEqual([
      ['"b"', '"c"'],
      ['"a"', '"c"'],
    ]);
    expect(sentWith('/vertex', body, said(false, 3))).toMatch(/^LIMIT_EXCEEDED: 4 documents/);
    expect(vertex.parts(sentWith('/vertex', body, said(true, 3))!)).toEqual([['"b"', '"c"'], ['"a"']]);
  });

  test('lowers top_n to what is left', () => {
    const body = cohere(2).body([texts], '3');
    expect(JSON.parse(sentWith('/v2/rerank', body, limit(1, true))!)).toMatchObject({
      top_n: 1,
      documents: ['a'],
    });
  });
});

test('drops and masks of one body do not get in each other’s way', () => {
  const masking: ResolvedMasking = {
    ...MASKING,
    order: 'mask-then-score',
    detectors: [{ entities: ['EMAIL_ADDRESS'], with: 'redact' }],
  };
  const mail = (name: string) => JSON.stringify(`write to ${name}@example.com now`);
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), (gone) => {
      const names = gone.map((_, place) => `person${place}`);
      const body = cohere(1).body([names.map(mail)], '9');
      const said = {
        ...keep(),
        request: { ...NO_OBLIGATIONS, drop: drops(gone.flatMap((is, place) => (is ? [place] : []))) },
      };
      const sent = sentWith('/v1/rerank', body, said, masking);
      const kept = gone.filter((is) => !is).length;
      if (kept === 0) return expect(sent).toBeNull();
      const { documents, top_n } = JSON.parse(sent!) as {
        documents: string[];
        top_n: number;
      };
      expect(documents).toEqual(Array.from({ length: kept }, () => 'write to <EMAIL_ADDRESS> now'));
      expect(top_n).toBe(kept === gone.length ? 9 : kept);
    }),
    { numRuns: 100 },
  );
});

describe('values that the caller sent', () => {
  const masking = (restore: boolean, strategy: 'token' | 'surrogate'): ResolvedMasking => ({
    ...MASKING,
    order: 'mask-then-score',
    detectors: [{ entities: ['EMAIL_ADDRESS'], with: strategy }],
    tokenKey: { name: 'mask', key: 'key' },
    restore,
  });
  const body = JSON.stringify({
    query: 'q',
    texts: ['write to "Jane" <jane@corp.example>', '{"mail": "joe@corp.example"}'],
    return_text: true,
  });
  /** A reranker that echoes what it got, and a token of somebody else's call. */
  const echo = (sent: string) => {
    const [first, second] = (JSON.parse(sent) as { texts: string[] }).texts;
    const other = 'tok_email_address_aaaaaaaaaaaaaaaa';
    return JSON.stringify([
      { index: 0, score: 0.9, text: `${first} ${other}` },
      { index: 1, score: 0.1, text: second },
    ]);
  };

  test.each(['token', 'surrogate'] as const)('come back to it where the answer has its %s', (strategy) => {
    const { sent, answered } = throughBothPhases('/rerank', body, keep(), echo, masking(true, strategy));
    expect(sent).not.toMatch(/jane@|joe@/);
    const texts = (JSON.parse(answered) as { text: string }[]).map(({ text }) => text);
    expect(texts).toEqual([
      'write to "Jane" <jane@corp.example> tok_email_address_aaaaaaaaaaaaaaaa',
      '{"mail": "joe@corp.example"}',
    ]);
  });

  test('stay masked when the profile does not give them back', () => {
    const { answered } = throughBothPhases('/rerank', body, keep(), echo, masking(false, 'token'));
    expect(answered).not.toMatch(/jane@|joe@/);
  });
});
