import type { Container } from './types.ts';

const SHELL = /(^|\/)(sh|bash|dash|ash|zsh|ksh|busybox|env)$/;

/** `command` and `args` as one list; rewriting keeps which of the two an argument stands in. */
export interface CommandLine {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

export function commandLine({ command, args }: Container): CommandLine {
  return { command: command ?? [], args: args ?? [] };
}

/** Whether a shell or `env` stands in front of the program: what it does with flags cannot be seen. */
export function isWrapped({ command, args }: CommandLine): boolean {
  const [program] = command.length > 0 ? command : args;
  return program !== undefined && SHELL.test(program);
}

/** The value of each occurrence of a flag: `--flag v`, `--flag=v`, `-fv`, `-f v`. null: it is the last word. */
export function flagValues(line: CommandLine, flags: readonly string[]): (string | null)[] {
  const words = [...line.command, ...line.args];
  return words.flatMap((word, index) => {
    const found = splitFlag(word, flags);
    if (found === undefined) return [];
    return [found.value ?? words[index + 1] ?? null];
  });
}

/** Sets the value of each occurrence, in place. */
export function replaceFlag(line: CommandLine, flags: readonly string[], value: string): CommandLine {
  const words = [...line.command, ...line.args];
  for (const [index, word] of words.entries()) {
    const found = splitFlag(word, flags);
    if (found === undefined) continue;
    if (found.value === undefined) words[index + 1] = value;
    else words[index] = `${found.flag}${found.joint}${value}`;
  }
  return { command: words.slice(0, line.command.length), args: words.slice(line.command.length) };
}

/** Takes every occurrence out, and adds `flag value` at the end: parsers that take short forms of a name use the last. */
export function appendFlag(line: CommandLine, flags: readonly string[], value: string): CommandLine {
  const [flag = ''] = flags;
  const total = line.command.length;
  const words = [...line.command, ...line.args];
  const dropped = new Set<number>();
  for (const [index, word] of words.entries()) {
    const found = splitFlag(word, flags);
    if (found === undefined || dropped.has(index)) continue;
    dropped.add(index);
    if (found.value === undefined) dropped.add(index + 1);
  }
  const kept = (from: number, to: number) =>
    words.slice(from, to).filter((_, index) => !dropped.has(from + index));
  return { command: kept(0, total), args: [...kept(total, words.length), flag, value] };
}

interface FoundFlag {
  readonly flag: string;
  /** undefined: the next word. */
  readonly value: string | undefined;
  readonly joint: '=' | '';
}

function splitFlag(word: string, flags: readonly string[]): FoundFlag | undefined {
  for (const flag of flags) {
    if (word === flag) return { flag, value: undefined, joint: '' };
    if (word.startsWith(`${flag}=`)) return { flag, value: word.slice(flag.length + 1), joint: '=' };
    const short = /^-[a-zA-Z]$/.test(flag);
    if (short && word.startsWith(flag)) return { flag, value: word.slice(2), joint: '' };
  }
  return undefined;
}
