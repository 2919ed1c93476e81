import { createServer } from 'node:http';
import { cannedAnswer, createWorkload } from './workload.ts';

/**
 * A process of its own: reads a body to its end and sends a made-up answer for that size. It does not rank:
 * the bench measures what stands in front of it.
 */
const [, , ticketsFile = '', sizes = ''] = process.argv;
const answers = sizes.split(',').map((size) => {
  const [documents = 0, bytes = 0] = size.split(':').map(Number);
  const workload = createWorkload(new URL(ticketsFile), documents, bytes);
  return { length: workload.length, answer: cannedAnswer(workload) };
});

const server = createServer((request, response) => {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  request.on('end', () => {
    // Masking changes a body's length a little: the nearest size is meant.
    const nearest = answers.reduce((best, next) =>
      Math.abs(next.length - length) < Math.abs(best.length - length) ? next : best,
    );
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': nearest.answer.length });
    response.end(nearest.answer);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
