import type { Fence } from '../markdown.ts';
import { fileOf, type Page } from './pages.ts';
import { matches, type Shell } from './shell.ts';

export interface Following {
  readonly shell: Shell;
  /** Whether a block of a page is for this reader; a file that a page shows is always written. */
  readonly follows: (fence: Fence) => boolean;
  /** What the reader types in place of a text that a page shows: a port that is free here. */
  readonly rewrite: (text: string) => string;
  /** Commands that are not run, each with what runs it. */
  readonly elsewhere: Readonly<Record<string, string>>;
  /** How long a block that is marked `soon` is tried again. */
  readonly soonMs: number;
}

/** The first block of a page that did not do what the page shows. */
export interface Mistake {
  /** `docs/page.md:LINE` */
  readonly place: string;
  readonly code: number;
  readonly output: string;
  readonly shown: { readonly code: number; readonly output: string };
}

/** Writes the files of a page, starts its programs and runs its commands, in order; compares what they print. */
export async function followPage(reader: Following, { path, fences }: Page): Promise<Mistake | null> {
  const { shell, follows, rewrite } = reader;
  for (const [at, fence] of fences.entries()) {
    const file = fileOf(fence);
    const text = rewrite(fence.text);
    if (file !== undefined) shell.write(file, text);
    else if (fence.info[0] !== 'sh' || !follows(fence)) continue;
    else if (fence.info.includes('terminal')) await shell.start(text);
    else {
      const next = fences[at + 1];
      const expected = next?.info[0] === 'text' ? rewrite(next.text) : undefined;
      const mistake = await followBlock(reader, { ...fence, text }, expected);
      if (mistake !== null) return { place: `${path}:${fence.line}`, ...mistake };
    }
  }
  return null;
}

async function followBlock(
  { shell, elsewhere, soonMs }: Following,
  fence: Fence,
  expected: string | undefined,
): Promise<Omit<Mistake, 'place'> | null> {
  const commands = fence.text.split('\n').filter((line) => !Object.hasOwn(elsewhere, line.trim()));
  if (commands.every((line) => line.trim() === '' || line.startsWith('#'))) return null;
  const code = Number(fence.info.find((word) => word.startsWith('exit='))?.slice('exit='.length) ?? 0);
  const until = performance.now() + (fence.info.includes('soon') ? soonMs : 0);
  for (;;) {
    const outcome = await shell.run(commands.join('\n'));
    const fits = outcome.code === code && (expected === undefined || matches(outcome.output, expected));
    if (fits) return null;
    if (performance.now() >= until) return { ...outcome, shown: { code, output: expected ?? 'anything' } };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
