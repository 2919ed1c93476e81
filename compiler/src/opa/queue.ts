/** Runs at most `width` tasks at once; the others wait in order. */
export function createQueue(width: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async function enqueue<T>(task: () => Promise<T>): Promise<T> {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      // A waiting task takes over the place of the one that ends.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
