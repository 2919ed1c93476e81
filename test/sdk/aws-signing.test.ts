import { createHash, createHmac } from 'node:crypto';
import { BedrockAgentRuntimeClient, RerankCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { afterEach, expect, test } from '@jest/globals';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import { startGuard } from '../support/guard.ts';
import { httpAnswer, type RawUpstream, startUpstream, type UpstreamCall } from '../support/upstream.ts';

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

const OWN = { accessKeyId: 'AKIDSIDECAR', secretAccessKey: 'the-sidecars-secret' };
const CALLER = { accessKeyId: 'AKIDCALLER', secretAccessKey: 'the-callers-secret' };
const POLICY = `package rankguard.e2e

allow if true

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	some document in input.request.documents
	contains(document.text, "chairman")
}
`;

let upstream: RawUpstream;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(upstreamKey: string | null) {
  upstream = await startUpstream((call) =>
    call.write(httpAnswer(200, JSON.stringify({ results: [{ index: 0, relevanceScore: 0.5 }] }))),
  );
  const guard = await startGuard({
    issuer: null,
    anonymous: 'allow',
    upstream: upstream.url,
    dialects: ['bedrock'],
    rego: POLICY,
    upstreamKey,
    order: 'score-then-mask',
  });
  closers.push(
    () => guard.close(),
    () => upstream.close(),
  );
  return `http://127.0.0.1:${guard.port}`;
}

function rerank(endpoint: string, texts: readonly string[], sessionToken?: string) {
  const client = new BedrockAgentRuntimeClient({
    region: 'us-west-2',
    endpoint,
    credentials: { ...CALLER, ...(sessionToken === undefined ? {} : { sessionToken }) },
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  });
  return client.send(
    new RerankCommand({
      queries: [{ type: 'TEXT', textQuery: { text: 'refund' } }],
      sources: texts.map((text) => ({
        type: 'INLINE',
        inlineDocumentSource: { type: 'TEXT', textDocument: { text } },
      })),
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: { modelConfiguration: { modelArn: 'arn:aws:bedrock:us-west-2::m' } },
      },
    }),
  );
}

/** Checks a received request as AWS would: signs what it covers again, with the key that it names. */
async function expectSignedBy(call: UpstreamCall, credentials: typeof OWN): Promise<void> {
  const given = call.headers.get('authorization') ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(given)![1]!.split(';');
  expect(names).toContain('host');
  const stamp = call.headers.get('x-amz-date')!;
  const date = stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const signer = new SignatureV4({ credentials, region: 'us-west-2', service: 'bedrock', sha256: Sha256 });
  const signed = await signer.sign(
    {
      method: call.method,
      protocol: 'http:',
      hostname: call.headers.get('host')!,
      path: call.path,
      query: {},
      headers: Object.fromEntries(names.map((name) => [name, call.headers.get(name)!])),
      body: call.body,
    },
    { signingDate: new Date(date), signableHeaders: new Set(names) },
  );
  expect(given).toBe(signed.headers['authorization']);
}

const TEXTS = ['Refund for a cancelled plan', 'Login fails'];

test('a changed body is signed with the sidecar’s own credential', async () => {
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = OWN;
  const url = await start(JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey, Region: 'us-west-2' }));
  const { results } = await rerank(url, ['of the chairman', ...TEXTS]);
  expect(results).toEqual([{ index: 1, relevanceScore: 0.5 }]);
  const [call] = upstream.calls;
  expect(call!.body.toString()).not.toContain('chairman');
  await expectSignedBy(call!, OWN);
  expect(JSON.stringify([...call!.headers])).not.toContain(CALLER.accessKeyId);
}, 30_000);

test('an unchanged body passes under the caller’s own signature', async () => {
  const url = await start(null);
  await rerank(url, TEXTS, 'a/session+token=');
  await expectSignedBy(upstream.calls[0]!, { ...CALLER, sessionToken: 'a/session+token=' } as typeof OWN);
}, 30_000);

test('a changed body under the caller’s own signature is refused, and why', async () => {
  const url = await start(null);
  await expect(rerank(url, ['of the chairman', ...TEXTS])).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('changed the body, which the caller has signed'),
  });
  expect(upstream.calls).toEqual([]);
}, 30_000);
