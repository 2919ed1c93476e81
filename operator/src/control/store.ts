import { createHash } from 'node:crypto';
import type { SignedBundle } from '@rankguard/contract/control';

/** A signed bundle as it is served. */
export interface StoredBundle {
  /** Strong entity tag (RFC 9110 section 8.8.3), the same in every replica that holds the same bundle. */
  readonly etag: string;
  /** JSON of the SignedBundle. */
  readonly body: Buffer;
}

/** What this replica serves, by connection as `namespace/name`. */
export interface BundleStore {
  /** Serves a bundle from now on, and gives it to everybody who waits for one. */
  publish(key: string, signed: SignedBundle): void;
  /** Serves nothing more for this connection. */
  remove(key: string): void;
  get(key: string): StoredBundle | undefined;
  /**
   * The bundle as soon as its tag is another than `etag` (null: any bundle). Undefined when the signal fires before.
   * Never rejects.
   */
  watch(key: string, etag: string | null, signal: AbortSignal): Promise<StoredBundle | undefined>;
  /** Polls that wait now. */
  waiting(): number;
}

type Wake = (stored: StoredBundle) => void;

export function createBundleStore(): BundleStore {
  const bundles = new Map<string, StoredBundle>();
  const waiters = new Map<string, Set<Wake>>();

  function wait(key: string, signal: AbortSignal): Promise<StoredBundle | undefined> {
    return new Promise((resolve) => {
      const waiting = waiters.get(key) ?? new Set<Wake>();
      waiters.set(key, waiting);
      function end(stored?: StoredBundle): void {
        waiting.delete(end);
        if (waiting.size === 0 && waiters.get(key) === waiting) waiters.delete(key);
        signal.removeEventListener('abort', aborted);
        resolve(stored);
      }
      const aborted = () => end();
      waiting.add(end);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  return {
    publish(key, signed) {
      const body = Buffer.from(JSON.stringify(signed));
      const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
      if (bundles.get(key)?.etag === etag) return;
      const stored = { etag, body };
      bundles.set(key, stored);
      for (const wake of [...(waiters.get(key) ?? [])]) wake(stored);
    },
    remove: (key) => void bundles.delete(key),
    get: (key) => bundles.get(key),
    async watch(key, etag, signal) {
      const stored = bundles.get(key);
      if (stored !== undefined && stored.etag !== etag) return stored;
      return signal.aborted ? undefined : wait(key, signal);
    },
    waiting: () => [...waiters.values()].reduce((sum, { size }) => sum + size, 0),
  };
}
