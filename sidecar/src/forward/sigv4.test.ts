import { createHash, createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { readAwsCredential, signatureFields } from './sigv4.ts';

/** What AWS's own signer needs of a hash, from Node's. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(secret as Uint8Array));
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
}

const text = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(...'abcXYZ019/+=') });
const segment = fc.constantFrom(
  'model',
  'cohere.rerank-v3-5%3A0',
  'invoke',
  'endpoints',
  'a~b',
  'arn%3Aaws%3A%2Fx',
);

test('property: the signature is the one that AWS’s own signer makes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        accessKeyId: text,
        secretAccessKey: text,
        sessionToken: fc.option(text),
        path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
        body: fc.string(),
        now: fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 }),
      }),
      async ({ path, body, now, ...credential }) => {
        const region = 'us-west-2';
        const host = `bedrock-runtime.${region}.amazonaws.com`;
        const fields = signatureFields(
          { method: 'POST', path, host, body: Buffer.from(body) },
          { ...credential, region },
          'bedrock',
          now,
        );
        const { sessionToken, ...keys } = credential;
        const signer = new SignatureV4({
          credentials: { ...keys, ...(sessionToken === null ? {} : { sessionToken }) },
          region,
          service: 'bedrock',
          sha256: Sha256,
        });
        const signed = await signer.sign(
          { method: 'POST', protocol: 'https:', hostname: host, path, headers: { host }, body, query: {} },
          { signingDate: new Date(now) },
        );
        expect(fields[fields.indexOf('authorization') + 1]).toBe(signed.headers['authorization']);
      },
    ),
    { numRuns: 100 },
  );
});

const AWS = 'bedrock-runtime.eu-central-1.amazonaws.com';
test.each([
  ['another key', 'a-key', AWS, undefined],
  ['no JSON', '{', AWS, null],
  ['no secret', '{"AccessKeyId":"a"}', AWS, null],
  ['no region', '{"AccessKeyId":"a","SecretAccessKey":"s"}', 'localhost:1', null],
  [
    'the region of the host',
    '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"s"}',
    AWS,
    { accessKeyId: 'a', secretAccessKey: 's', sessionToken: null, region: 'eu-central-1' },
  ],
  [
    'a region and a session token',
    '{"AccessKeyId":"a","SecretAccessKey":"s","SessionToken":"t","Region":"r"}',
    AWS,
    { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't', region: 'r' },
  ],
])('a credential with %s', (_, given, host, expected) => {
  expect(readAwsCredential(given, host)).toEqual(expected);
});
