/** One thing that was tried. */
export interface Row {
  readonly what: string;
  readonly who: string;
  readonly expected: string;
  readonly got: string;
  readonly ok: boolean;
}

const HEADINGS = ['What was tried', 'Who', 'Expected', 'Got', ''] as const;
const WIDTHS = [38, 9, 34, 40] as const;

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** ANSI colours, or none of them. */
export function createPaint(colours: boolean): Paint {
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { good: paint(32), bad: paint(31), dim: paint(2), bold: paint(1) };
}

/** Breaks at spaces; a word that is too long is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => part.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [])) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The row's lines, its cells wrapped to their columns. */
export function formatRow(row: Row, paint: Paint): string {
  const cells = [row.what, row.who, row.expected, row.got].map((cell, column) => wrap(cell, WIDTHS[column]!));
  const height = Math.max(...cells.map((cell) => cell.length));
  const mark = row.ok ? paint.good('✓') : paint.bad('✗');
  return Array.from({ length: height }, (_, line) => {
    const columns = cells.map((cell, column) => (cell[line] ?? '').padEnd(WIDTHS[column]!));
    return `  ${columns.join('  ')}  ${line === 0 ? mark : ''}`.trimEnd();
  }).join('\n');
}

export function formatHeader(paint: Paint): string {
  const titles = HEADINGS.slice(0, 4).map((title, column) => title.padEnd(WIDTHS[column]!));
  const rules = WIDTHS.map((width) => '─'.repeat(width));
  return `  ${paint.bold(titles.join('  ').trimEnd())}\n  ${paint.dim(rules.join('  '))}`;
}
