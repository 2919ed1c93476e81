import type { Readable, Writable } from 'node:stream';

/** The world as a command sees it; `main.ts` makes the real one. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Path of the opa binary, found when first needed; throws COMPILER_MISSING. */
  readonly findOpa: () => Promise<string>;
  /** Fires when the process should end (SIGTERM, SIGINT). */
  readonly stop: AbortSignal;
  readonly color: boolean;
  /** Identifies the bundled code that runs; null when it runs from its sources. */
  readonly build: string | null;
}

/** Exit codes, after sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  /** The command worked and found something wrong: a failed check or test. */
  found: 1,
  /** Wrong arguments. */
  usage: 64,
  /** Something that was read is invalid. */
  data: 65,
  /** A file or folder cannot be read. */
  noInput: 66,
  /** A tool or port that is needed is not there. */
  unavailable: 69,
  /** A fault in Rankguard itself. */
  software: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with an exit code and a message for standard error. */
export class Exit extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Exit';
    this.exitCode = exitCode;
  }
}

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

/** Colours a text on a terminal, leaves it alone elsewhere. */
export function paint(io: Pick<Io, 'color'>, style: keyof typeof CODES, text: string): string {
  return io.color ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
