import type { ServedModel, ServedModelRoute } from '../dialects/index.ts';
import { decodeBody } from './encoding.ts';
import type { Upstream } from './index.ts';

/** Which model the upstream serves, by its own word. Never throws. */
export interface ServedModels {
  /**
   * What is known; null: nothing. Only a caller that comes before the upstream was ever asked waits, no longer than one
   * question may take; after that the answer is refreshed in the background while calls come.
   */
  current(): ServedModel | null | Promise<ServedModel | null>;
}

export interface ServedModelsDeps {
  readonly upstream: Upstream;
  /** Asked in this order until one of them names a model; empty: nobody is asked. */
  readonly routes: readonly ServedModelRoute[];
  /** Header fields of the question: name, value, name, value … */
  readonly headers: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An answer is asked for again after this time, and after a failure. */
const REFRESH_MS = 60_000;
const RETRY_MS = 5_000;
/** What was said longer ago is no longer known: the upstream may have become another one. */
const LONGEST_KNOWN_MS = 600_000;
const TIMEOUT_MS = 2_000;
const MOST_BYTES = 256 * 1024;

export function createServedModels({ upstream, routes, headers, now }: ServedModelsDeps): ServedModels {
  let known: { readonly model: ServedModel; readonly at: number } | undefined;
  let asking: Promise<ServedModel | null> | undefined;
  let first = true;
  let nextAt = 0;

  /** undefined: nothing was heard. */
  async function ask(route: ServedModelRoute): Promise<ServedModel | null | undefined> {
    const received = await upstream.send(
      { method: 'GET', path: route.path, headers: [...headers], body: null },
      // The answer is small and waits for no caller: it takes nothing of what calls may hold.
      {
        signal: new AbortController().signal,
        maxBytes: MOST_BYTES,
        timeoutMs: TIMEOUT_MS / routes.length,
        reserve: () => true,
      },
    );
    if (!received.ok || received.status !== 200) return undefined;
    const coding = received.headers.get('content-encoding')?.join(',');
    const decoded = await decodeBody(received.body, coding, { maxBytes: MOST_BYTES, reserve: () => true });
    return decoded.ok ? route.read(parse(decoded.body)) : undefined;
  }

  async function refresh(): Promise<ServedModel | null> {
    let heard: ServedModel | null | undefined;
    for (const route of routes) heard ??= await ask(route);
    if (heard) known = { model: heard, at: now() };
    // It no longer says: another model may be behind it, or several.
    else if (heard === null) known = undefined;
    nextAt = now() + (heard ? REFRESH_MS : RETRY_MS);
    asking = undefined;
    first = false;
    return heard ?? null;
  }

  return {
    current() {
      if (routes.length === 0) return null;
      if (now() >= nextAt) asking ??= refresh();
      if (first && asking !== undefined) return asking;
      return known !== undefined && now() - known.at < LONGEST_KNOWN_MS ? known.model : null;
    },
  };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
