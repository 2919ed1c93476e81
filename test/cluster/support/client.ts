import { randomUUID } from 'node:crypto';
import { apply, eventually, kubectl } from './kubectl.ts';
import { IMAGES } from './settings.ts';

/** A call as a client in the cluster makes it. */
export interface Call {
  readonly url: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM certificates that the server's own must chain to; the system's without them. */
  readonly ca?: string;
}
export interface Answer {
  /** 0 when there was no answer; `text` is then the error's code. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A pod that calls. Calls go through the cluster's own network, DNS and Services. */
export interface Client {
  call(call: Call): Promise<Answer>;
  /** Calls again and again, `concurrency` at a time, until `stop`; resolves then with how often each status came. */
  load(call: Call, concurrency: number): Promise<{ stop(): Promise<Readonly<Record<string, number>>> }>;
}

const NAMESPACE = 'rankguard-test-client';

/** One call: its JSON is the argument. Connections are not kept, so that each call meets the Service anew. */
const ONCE = `
import { setDefaultCACertificates } from 'node:tls';
const { url, token, body, headers, ca } = JSON.parse(process.argv[1]);
if (ca !== undefined) setDefaultCACertificates([ca]);
const authorization = token === undefined ? {} : { authorization: 'Bearer ' + token };
try {
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...authorization, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10000),
  });
  const result = { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
  console.log(JSON.stringify(result));
} catch (error) {
  console.log(JSON.stringify({ status: 0, headers: {}, text: error.cause?.code ?? error.name }));
}`;

/** One that nobody stops, because its test has failed, does not go on for ever. */
const LONGEST_LOAD_MS = 600_000;
const LOAD = `
import { existsSync, renameSync, writeFileSync } from 'node:fs';
const [, argument, concurrency, name] = process.argv;
const { url, token, body } = JSON.parse(argument);
const counts = {};
const end = Date.now() + ${LONGEST_LOAD_MS};
async function caller() {
  while (Date.now() < end && !existsSync('/tmp/' + name + '.stop')) {
    let status;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token, connection: 'close' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10000),
      });
      await answer.arrayBuffer();
      status = answer.status;
    } catch (error) { status = error.cause?.code ?? error.name; }
    counts[status] = (counts[status] ?? 0) + 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
writeFileSync('/tmp/' + name + '.started', '');
await Promise.all(Array.from({ length: Number(concurrency) }, caller));
writeFileSync('/tmp/' + name + '.new', JSON.stringify(counts));
renameSync('/tmp/' + name + '.new', '/tmp/' + name + '.counts');`;

const UNTIL = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const [, name] = process.argv;
async function until(file) {
  for (let left = 600; left > 0 && !existsSync(file); left -= 1) await new Promise((resolve) => setTimeout(resolve, 50));
}`;
/** Waits until a load has begun. */
const BEGUN = `${UNTIL}
await until('/tmp/' + name + '.started');`;
/** Ends a load, waits for its last answers, and prints what it counted. */
const STOP = `${UNTIL}
writeFileSync('/tmp/' + name + '.stop', '');
await until('/tmp/' + name + '.counts');
console.log(readFileSync('/tmp/' + name + '.counts', 'utf8'));`;

/** Starts the calling pod, or finds it running. */
export async function startClient(): Promise<Client> {
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'client', namespace: NAMESPACE },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'client', image: IMAGES.example, imagePullPolicy: IMAGES.pullPolicy }],
      },
    },
  );
  await kubectl(['wait', '-n', NAMESPACE, '--for=condition=Ready', 'pod/client', '--timeout=60s']);
  const node = (script: string, ...args: string[]) =>
    kubectl([
      'exec',
      '-n',
      NAMESPACE,
      'client',
      '--',
      '/nodejs/bin/node',
      '--input-type=module',
      '-e',
      script,
      ...args,
    ]);
  return {
    async call(call) {
      return JSON.parse(await node(ONCE, JSON.stringify(call))) as Answer;
    },
    async load(call, concurrency) {
      // The pod outlives the suites that use it.
      const name = `load-${randomUUID()}`;
      // It writes its counts to a file, whatever becomes of the stream.
      node(LOAD, JSON.stringify(call), String(concurrency), name).catch(() => {});
      await node(BEGUN, name);
      return {
        async stop() {
          // Asked for anew: the stream of the command that calls ends with the API server that carries it.
          return JSON.parse(await eventually(() => node(STOP, name))) as Record<string, number>;
        },
      };
    },
  };
}
