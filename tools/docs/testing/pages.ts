import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { anchors, type Fence, fences, links } from '../markdown.ts';

export interface Page {
  /** In the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

/** Every page that people read. */
export function readPages(root: string): readonly Page[] {
  const paths = globSync(['*.md', 'docs/**/*.md', 'examples/*/README.md'], { cwd: root });
  return paths.toSorted().map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, fences: fences(text) };
  });
}

/** Links to files and headings of the project that are not there. */
export function brokenLinks(root: string, pages: readonly Page[]): readonly string[] {
  return pages.flatMap(({ path, text }) =>
    links(text)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !resolves(root, path, link))
      .map((link) => `${path}: ${link}`),
  );
}

function resolves(root: string, from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? join(root, from) : join(root, dirname(from), file);
  if (relative(root, target).startsWith('..') || !existsSync(target)) return false;
  return anchor === undefined || anchors(readFileSync(target, 'utf8')).has(anchor);
}

/** The file that a block is, by its first line: `# my-guard/connection.yaml`. */
export function fileOf({ text }: Fence): string | undefined {
  return /^# ([\w.-]+(?:\/[\w.-]+)+\.(?:yaml|rego|json))\n/.exec(text)?.[1];
}
