const PATIENCE_MS = 10_000;
const LOOK_MS = 2;

/** Waits until `condition` gives something other than false, null or undefined; fails loudly when it never does. */
export async function waitFor<T>(
  condition: () => T | false | null | undefined | Promise<T | false | null | undefined>,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const found = await condition();
    if (found !== false && found !== null && found !== undefined) return found;
    if (performance.now() > until) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await pause(LOOK_MS);
  }
}

/** For tests whose subject is a pause on the wire; never to wait for something to have happened. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A gate that a test opens when it is time. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
