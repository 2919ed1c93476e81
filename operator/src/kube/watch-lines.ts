import { KubeError } from './errors.ts';
import type { KubeObject } from './types.ts';

/** A change, or with BOOKMARK only a newer `metadata.resourceVersion` to go on from. */
export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** Objects are bounded by etcd's request size (1.5 MiB); this leaves room for JSON's escapes. */
const MOST_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads a watch: one JSON document a line. A last line without its end is dropped: the stream was cut.
 * Throws {@link KubeError} when the stream breaks, goes silent, or carries an error (410 when it is too old).
 */
export async function* readWatch<T extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>> {
  let held: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        const line = Buffer.concat([...held, chunk.subarray(from, end)]).toString('utf8');
        held = [];
        size = 0;
        from = end + 1;
        if (line.trim() !== '') yield eventOf<T>(line);
      }
      if (from < chunk.length) held.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > MOST_LINE_BYTES) throw new KubeError('a line of a watch is too long');
    }
  } catch (error) {
    if (error instanceof KubeError) throw error;
    throw new KubeError('the watch was cut or went silent', { cause: error });
  }
}

function eventOf<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: { type?: string; object?: unknown };
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new KubeError('a line of a watch is no JSON', { cause });
  }
  if (event.type === 'ERROR') {
    const {
      code = 500,
      message = 'no reason',
      reason = '',
    } = (event.object ?? {}) as {
      code?: number;
      message?: string;
      reason?: string;
    };
    throw new KubeError(`the watch ended: ${message}`, { status: code, reason });
  }
  return event as WatchEvent<T>;
}
