import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BEARER, CREDENTIAL_HEADERS, readCredential } from './index.ts';

describe('readCredential', () => {
  test('no credential header: none', () => {
    expect(readCredential(['Host', 'a', 'X-Session', 'b'])).toEqual({ kind: 'none' });
  });

  test.each(['Bearer', 'bearer', 'BEARER'])('the scheme %s is compared without case', (scheme) => {
    expect(readCredential(['AuthoriZation', `${scheme} a.b.c`])).toEqual({ kind: 'token', token: 'a.b.c' });
  });

  test.each([
    ['Basic YTpi', 'scheme'],
    ['DPoP a.b.c', 'scheme'],
    ['a.b.c', 'scheme'],
    ['', 'scheme'],
    ['Bearer\ta.b.c', 'scheme'],
    ['Bearer,Bearer a.b.c', 'scheme'],
    ['Bearer', 'syntax'],
    ['Bearer ', 'syntax'],
    ['Bearer  a.b.c', 'syntax'],
    ['Bearer a.b.c, Bearer d.e.f', 'syntax'],
    ['Bearer a.b.c,d.e.f', 'syntax'],
    ['Bearer a.b.c d', 'syntax'],
    ['Bearer a.b.c\t', 'syntax'],
  ])('Authorization: %j is malformed (%s)', (value, why) => {
    expect(readCredential(['authorization', value])).toEqual({ kind: 'malformed', why });
  });

  test.each([
    ['a second Authorization', ['Authorization', 'Bearer a.b.c', 'authorization', 'Bearer a.b.c']],
    ['an API key beside it', ['Authorization', 'Bearer a.b.c', 'X-Api-Key', 'k']],
    ['an API key before it', ['api-key', 'k', 'Authorization', 'Bearer a.b.c']],
    ['a header with underscores', ['Authorization', 'Bearer a.b.c', 'X_API_KEY', 'k']],
    ['a proxy credential', ['Authorization', 'Bearer a.b.c', 'Proxy-Authorization', 'Basic YTpi']],
    ['two keys of other APIs', ['x-goog-api-key', 'k', 'api-key', 'k']],
  ])('%s is ambiguous', (_, headers) => {
    expect(readCredential(headers)).toEqual({ kind: 'ambiguous' });
  });

  test('a credential in a slot of another dialect is refused, not overlooked', () => {
    expect(readCredential(['X-Api-Key', 'a.b.c'])).toEqual({ kind: 'malformed', why: 'slot' });
  });

  test('a dialect can have a slot for a bare token, beside the bearer slot', () => {
    const slots = [BEARER, { header: 'api-key', scheme: null }];
    expect(readCredential(['Api-Key', 'a.b.c'], slots)).toEqual({ kind: 'token', token: 'a.b.c' });
    expect(readCredential(['Api-Key', 'Bearer a.b.c'], slots)).toEqual({ kind: 'malformed', why: 'syntax' });
    expect(readCredential(['Authorization', 'Bearer a', 'Api-Key', 'a'], slots)).toEqual({
      kind: 'ambiguous',
    });
  });

  test('whatever the headers, a token comes from exactly one credential header', () => {
    const name = fc.constantFrom(...CREDENTIAL_HEADERS, 'host', 'x-other', 'AUTHORIZATION', 'X_Api_Key');
    const value = fc.constantFrom('Bearer a.b.c', 'bearer x', 'Basic a', 'k', '', 'a,b');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (fields) => {
        const found = readCredential(fields.flat());
        const known = fields.filter(([field]) =>
          CREDENTIAL_HEADERS.has(field.toLowerCase().replaceAll('_', '-')),
        );
        if (known.length === 0) expect(found.kind).toBe('none');
        else if (known.length > 1) expect(found.kind).toBe('ambiguous');
        else expect(['token', 'malformed']).toContain(found.kind);
      }),
      { numRuns: 300 },
    );
  });
});
