/**
 * A reranker whose health is in the test's hands, as a program of its own: it runs in pods. It reads PORT and HOSTNAME
 * as TEI does, and speaks HTTP/1.1 and gRPC's health service (HTTP/2 without TLS) on one port.
 * While `/tmp/sick` is there it says that it is not well, and takes no new connections. Each look at its health is a
 * line `health` in its log. A query `wait` is answered by nothing.
 */
import { existsSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer, isIP } from 'node:net';

const env = process.env;
const host = isIP(env['HOSTNAME'] ?? '') === 0 ? '0.0.0.0' : env['HOSTNAME'];
const isSick = (): boolean => existsSync('/tmp/sick');
const look = (): void => void process.stdout.write('health\n');

const http = createHttp((request, response) => {
  if (request.method === 'GET') {
    look();
    response.writeHead(isSick() ? 503 : 200).end();
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    const { query, texts } = JSON.parse(body) as { query: string; texts: string[] };
    if (query === 'wait') return;
    const results = texts.map((_, index) => ({ index, score: 1 / (index + 1) }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(results));
  });
});

// https://github.com/grpc/grpc/blob/master/doc/health-checking.md: HealthCheckResponse{status: SERVING | NOT_SERVING}.
const grpc = createHttp2();
grpc.on('stream', (stream) => {
  look();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 8, isSick() ? 2 : 1]));
});

const port = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('readable', () => {
    const start = socket.read() as Buffer | null;
    if (start === null) return;
    socket.unshift(start);
    const isHttp2 = start.subarray(0, 3).toString() === 'PRI';
    (isHttp2 ? grpc : http).emit('connection', socket);
  });
});
port.listen(Number(env['PORT'] ?? 3000), host);
setInterval(() => {
  if (isSick() && port.listening) port.close();
}, 100);
process.on('SIGTERM', () => process.exit(0));
