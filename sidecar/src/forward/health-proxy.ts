import { type ClientRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createProxyServer, type ProxyServer } from 'http-proxy-3';

const REQUEST_HEADERS = new Set(['host', 'accept', 'user-agent', 'connection']);
const RESPONSE_HEADERS = new Set([
  'content-type',
  'content-length',
  'transfer-encoding',
  'connection',
  'date',
]);
const TIMEOUT_MS = 10_000;

/** Streams routes that nobody judges: the upstream's health and metrics, GET only, without caller credentials. */
export interface HealthProxy {
  readonly proxy: ProxyServer;
  /** Calls being passed. Apart from the judged ones: a full sidecar does not make the reranker look dead. */
  calls: number;
  close(): void;
}

export function createHealthProxy(options: {
  readonly url: string;
  readonly ca: string | null;
}): HealthProxy {
  const { ca } = options;
  const settings = { keepAlive: true, maxSockets: 16, timeout: TIMEOUT_MS };
  const agent = options.url.startsWith('https:')
    ? new HttpsAgent({ ...settings, ...(ca === null ? {} : { ca }) })
    : new HttpAgent(settings);
  const proxy = createProxyServer({
    target: options.url,
    agent,
    changeOrigin: true,
    proxyTimeout: TIMEOUT_MS,
    timeout: TIMEOUT_MS,
  });
  proxy.on('proxyReq', (outgoing: ClientRequest) => {
    for (const name of outgoing.getHeaderNames()) {
      if (!REQUEST_HEADERS.has(name)) outgoing.removeHeader(name);
    }
  });
  proxy.on('proxyRes', (incoming: IncomingMessage) => {
    for (const name of Object.keys(incoming.headers)) {
      if (!RESPONSE_HEADERS.has(name)) delete incoming.headers[name];
    }
    incoming.rawHeaders = incoming.rawHeaders.filter((_, at, raw) =>
      RESPONSE_HEADERS.has((raw[at - (at % 2)] ?? '').toLowerCase()),
    );
    incoming.trailers = {};
    incoming.rawTrailers = [];
  });
  return { proxy, calls: 0, close: () => agent.destroy() };
}
