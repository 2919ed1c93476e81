import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { AppCheck, HttpCheck } from '@rankguard/contract/pod';

/** null: the app is well; else why not. */
export type CheckResult = string | null;

const LOOPBACK = '127.0.0.1';

/** Makes a check of the app as the kubelet would have made it, within its time. Never rejects. */
export async function checkApp(check: AppCheck): Promise<CheckResult> {
  const stop = AbortSignal.timeout(check.timeoutSeconds * 1000);
  try {
    if ('http' in check) return await checkHttp(check.http, stop);
    if ('tcp' in check) return await checkTcp(check.tcp.port, stop);
    return await checkGrpc(check.grpc, stop);
  } catch (error) {
    if (stop.aborted) return `no answer within ${check.timeoutSeconds} s`;
    return (error as { code?: string }).code ?? 'no answer';
  }
}

function checkHttp({ port, path, scheme, headers }: HttpCheck, signal: AbortSignal): Promise<CheckResult> {
  const send = scheme === 'HTTPS' ? httpsRequest : httpRequest;
  const fields: Record<string, string> = { 'user-agent': 'kube-probe/rankguard', accept: '*/*' };
  for (const { name, value } of headers) fields[name.toLowerCase()] = value;
  return new Promise((resolve, reject) => {
    const options = { host: LOOPBACK, port, path, headers: fields, signal, agent: false };
    // The kubelet verifies no certificate either: this one is for the app's own name.
    const request = send({ ...options, rejectUnauthorized: false }, (response) => {
      const { statusCode: status = 0 } = response;
      // A redirect is well wherever it leads: the kubelet follows none to other hosts, and says so only.
      response.resume();
      response.on('close', () => request.destroy());
      resolve(status >= 200 && status < 400 ? null : `HTTP status ${status}`);
    });
    request.on('error', reject);
    request.end();
  });
}

function checkTcp(port: number, signal: AbortSignal): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: LOOPBACK, port });
    function abort(): void {
      socket.destroy();
      reject(signal.reason);
    }
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', reject);
    socket.on('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(null);
    });
  });
}

/** HealthCheckResponse.ServingStatus.SERVING of grpc.health.v1. */
const SERVING = 1;
const MOST_BYTES = 4096;

/** grpc.health.v1.Health/Check over HTTP/2 with prior knowledge, as the kubelet does it. */
function checkGrpc(
  { port, service }: { readonly port: number; readonly service: string },
  signal: AbortSignal,
): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const client = connectHttp2(`http://${LOOPBACK}:${port}`);
    function end(result: CheckResult, error?: unknown): void {
      client.destroy();
      if (error === undefined) resolve(result);
      else reject(error);
    }
    client.on('error', (error) => end(null, error));
    signal.addEventListener('abort', () => end(null, signal.reason), { once: true });
    const stream = client.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let body = Buffer.alloc(0);
    let status: unknown;
    const readStatus = (fields: Readonly<Record<string, unknown>>) => {
      status = fields['grpc-status'] ?? status;
    };
    stream.on('response', readStatus);
    stream.on('trailers', readStatus);
    stream.on('data', (chunk: Buffer) => {
      body = Buffer.concat([body, chunk]).subarray(0, MOST_BYTES);
    });
    stream.on('error', (error) => end(null, error));
    stream.on('end', () => {
      if (status !== '0') end(`gRPC status ${String(status ?? 'missing')}`);
      else end(servingStatus(body) === SERVING ? null : 'the service is not serving');
    });
    stream.end(grpcMessage(service));
  });
}

/** HealthCheckRequest{service = 1: string}, length-prefixed (gRPC over HTTP/2, Length-Prefixed-Message). */
function grpcMessage(service: string): Buffer {
  const name = Buffer.from(service);
  const field =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(field.length, 1);
  return Buffer.concat([head, field]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** HealthCheckResponse{status = 1: enum}; the field is absent when it is 0 (UNKNOWN). */
function servingStatus(body: Buffer): number {
  return body.length >= 7 && body[0] === 0 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
}
