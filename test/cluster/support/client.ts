import { apply, kubectl } from './kubectl.ts';
import { IMAGES } from './settings.ts';

/** A call as a client in the cluster makes it. */
export interface Call {
  readonly url: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
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
const { url, token, body, headers } = JSON.parse(process.argv[1]);
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

const LOAD = `
import { existsSync, writeFileSync } from 'node:fs';
const [, argument, concurrency, name] = process.argv;
const { url, token, body } = JSON.parse(argument);
const counts = {};
async function caller() {
  while (!existsSync('/tmp/' + name + '.stop')) {
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
await Promise.all(Array.from({ length: Number(concurrency) }, caller));
writeFileSync('/tmp/' + name + '.counts', JSON.stringify(counts));
console.log(JSON.stringify(counts));`;

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
  let loads = 0;

  return {
    async call(call) {
      return JSON.parse(await node(ONCE, JSON.stringify(call))) as Answer;
    },
    async load(call, concurrency) {
      const name = `load-${process.pid}-${++loads}`;
      const done = node(LOAD, JSON.stringify(call), String(concurrency), name);
      // Looked at when it is stopped.
      done.catch(() => {});
      return {
        async stop() {
          await node(`import { writeFileSync } from 'node:fs'; writeFileSync('/tmp/${name}.stop', '')`);
          return JSON.parse(await done) as Record<string, number>;
        },
      };
    },
  };
}
