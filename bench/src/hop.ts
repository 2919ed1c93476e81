import { createServer } from 'node:http';
import { Agent } from 'undici';

/** The bare buffered hop: read, forward, answer. What any proxy that must see whole bodies costs at the least. */
const [, , upstream = ''] = process.argv;
const agent = new Agent({ connections: 256, pipelining: 1 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const answer: Buffer[] = [];
    agent.dispatch(
      {
        origin: upstream,
        path: request.url ?? '/',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.concat(chunks),
      },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_controller, chunk) => void answer.push(chunk),
        onResponseEnd() {
          const body = Buffer.concat(answer);
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
          response.end(body);
        },
        onResponseError: () => response.destroy(),
      },
    );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
