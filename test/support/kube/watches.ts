import type { ServerResponse } from 'node:http';
import type { Collection, Happening, Stored } from './collections.ts';

export interface OpenWatch {
  readonly collection: Collection;
  readonly from: number;
  readonly timeoutMs: number;
  readonly select: (object: Stored) => boolean;
}

/** The open watches of the fake API server, and what can go wrong with them. */
export interface Watches {
  open(response: ServerResponse, watch: OpenWatch): void;
  readonly count: number;
  /** Tells every watch a bookmark. */
  bookmark(): void;
  /** Closes every stream in the middle of a line. */
  cut(): void;
  /** Ends every stream properly. */
  end(): void;
  /** Sends an ERROR event, as when the version is too old. */
  error(code: number): void;
  /** While true nothing is sent and nothing is closed, as with a broken network. */
  mute(on: boolean): void;
  /** While true changes are not told; the stream goes on. */
  lose(on: boolean): void;
  /** Sends the last `n` changes of every watch again, in reverse order. */
  repeat(n: number): void;
  closeAll(): void;
}

interface Stream {
  readonly response: ServerResponse;
  readonly sent: Happening[];
  forget(): void;
}

export function createWatches(version: () => number): Watches {
  const streams = new Set<Stream>();
  let muted = false;
  let losing = false;

  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;

  function tell(stream: Stream, { type, object, version: at }: Happening): void {
    stream.sent.push({ type, object, version: at });
    stream.response.write(line(type, object));
  }

  function finish(stream: Stream, last = ''): void {
    streams.delete(stream);
    stream.forget();
    stream.response.end(last);
  }

  return {
    open(response, { collection, from, timeoutMs, select }) {
      const stream: Stream = { response, sent: [], forget: collection.onHappening((one) => hear(one)) };
      streams.add(stream);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      const hear = (happening: Happening) => {
        if (!muted && !losing && select(happening.object)) tell(stream, happening);
      };
      for (const happening of collection.history) if (happening.version > from) hear(happening);
      const timer = setTimeout(() => finish(stream), timeoutMs);
      response.on('close', () => {
        clearTimeout(timer);
        stream.forget();
        streams.delete(stream);
      });
    },
    get count() {
      return streams.size;
    },
    bookmark() {
      const object = { metadata: { name: '', resourceVersion: String(version()) } };
      for (const { response } of streams) response.write(line('BOOKMARK', object));
    },
    cut() {
      for (const { response } of streams) {
        response.write('{"type":"ADDED","object":{"metadata":{"name":"hal', () => response.socket?.destroy());
      }
    },
    end() {
      for (const stream of streams) finish(stream);
    },
    error(code) {
      const object = { kind: 'Status', code, reason: 'Expired', message: 'too old resource version' };
      for (const stream of streams) finish(stream, line('ERROR', object));
    },
    mute(on) {
      muted = on;
    },
    lose(on) {
      losing = on;
    },
    repeat(n) {
      for (const { response, sent } of streams) {
        for (const { type, object } of sent.slice(-n).reverse()) response.write(line(type, object));
      }
    },
    closeAll() {
      for (const { response } of streams) response.destroy();
    },
  };
}
