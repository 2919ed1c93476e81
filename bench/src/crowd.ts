import { connect, type Socket } from 'node:net';
import type { Sample, Target } from './load.ts';

const PATH = '/v1/rerank';

/** Head of an answer and where its body ends; undefined while bytes are missing. */
function answerIn(bytes: Buffer): { status: string; end: number } | undefined {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const text = bytes.toString('latin1', 0, head);
  const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
  const end = head + 4 + length;
  return bytes.length < end ? undefined : { status: text.slice(9, 12), end };
}

function requestsFor({ origin, headers, bodies }: Target): readonly Buffer[] {
  const { host } = new URL(origin);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return bodies.map((body) =>
    Buffer.concat([
      Buffer.from(
        `POST ${PATH} HTTP/1.1\r\nhost: ${host}\r\n${fields.join('')}content-length: ${body.length}\r\n\r\n`,
      ),
      body,
    ]),
  );
}

/**
 * Open loop on bare sockets: a client that costs little itself, so that what a crowd sees is the server's doing.
 * Every call takes an idle connection, or opens one.
 */
export async function crowd(target: Target, rate: number, seconds: number): Promise<Sample> {
  const { hostname, port } = new URL(target.origin);
  const requests = requestsFor(target);
  const idle: Socket[] = [];
  const all = new Set<Socket>();
  const latencies: number[] = [];
  const sinceSent: number[] = [];
  const statuses: Record<string, number> = {};
  const total = Math.round(rate * seconds);
  let ended = 0;

  function open(): Socket {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    all.add(socket);
    socket.once('close', () => all.delete(socket));
    return socket;
  }

  function call(request: Buffer, intended: number): void {
    const socket = idle.pop() ?? open();
    const sentAt = performance.now();
    let bytes: Buffer = Buffer.alloc(0);
    const end = (status: string, reusable: boolean) => {
      socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('end');
      socket.on('error', () => {});
      ended++;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (reusable) idle.push(socket);
      else socket.destroy();
      if (status !== '200') return;
      latencies.push(performance.now() - intended);
      sinceSent.push(performance.now() - sentAt);
    };
    socket.on('data', (chunk: Buffer) => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const answer = answerIn(bytes);
      if (answer !== undefined)
        end(answer.status, !/^connection: close/im.test(bytes.toString('latin1', 0, 400)));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error', false));
    socket.on('end', () => end('closed', false));
    socket.write(request);
  }

  const start = performance.now();
  const until = start + (seconds + 30) * 1000;
  let sent = 0;
  await new Promise<void>((resolve) => {
    function tick(): void {
      const now = performance.now();
      const due = Math.min(total, Math.floor(((now - start) * rate) / 1000) + 1);
      for (; sent < due; sent++)
        call(requests[sent % requests.length] as Buffer, start + (sent * 1000) / rate);
      if (ended >= total || now > until) resolve();
      else setTimeout(tick, 1);
    }
    tick();
  });
  if (ended < sent) statuses['unanswered'] = sent - ended;
  for (const socket of all) socket.destroy();
  return {
    latencies: Float64Array.from(latencies).sort(),
    sinceSent: Float64Array.from(sinceSent).sort(),
    statuses,
    seconds,
  };
}
