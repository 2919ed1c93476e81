import type { CallRecord } from '@rankguard/contract';
import { destination, type Logger, pino } from 'pino';

export interface Log {
  readonly logger: Logger;
  /** One JSON line per call, `msg: "call"`. */
  call(record: CallRecord): void;
  /** Writes what is still buffered; before the process ends. */
  flush(): void;
  /** Lines that were dropped because nobody read them. */
  lost(): number;
}

/** Lines are handed on together: a write for each call costs a thread hop or blocks the calls behind it. */
const FLUSH_MS = 20;
const FLUSH_BYTES = 8 * 1024;
/** A reader that does not keep up must not fill the memory. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * The log: JSON Lines through pino, in the order of the calls. `fd` is a file descriptor (1 is standard output).
 * Nothing waits for it: lines reach the descriptor within 20 ms, and all of them before the process ends by itself.
 * Lines that a stuck reader makes too many are dropped and counted; calls go on.
 */
export function createLog(options: { readonly fd: number; readonly level: string }): Log {
  let lost = 0;
  const stream = destination({
    dest: options.fd,
    sync: false,
    minLength: FLUSH_BYTES,
    periodicFlush: FLUSH_MS,
    maxLength: MOST_BYTES,
  });
  stream.on('drop', () => {
    lost++;
  });
  const logger = pino(
    { level: options.level, base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    stream,
  );
  return {
    logger,
    call(record) {
      const level = record.verdict === 'fault' ? 'warn' : 'info';
      logger[level](rounded(record), 'call');
    },
    flush: () => stream.flushSync(),
    lost: () => lost,
  };
}

/** Microseconds are enough in a log, and half the bytes. */
function rounded(record: CallRecord): CallRecord {
  const timings: Record<string, number> = {};
  for (const [stage, ms] of Object.entries(record.timings)) timings[stage] = Math.round(ms * 1000) / 1000;
  return { ...record, timings };
}
