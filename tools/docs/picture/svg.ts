interface Style {
  readonly fill: string;
  readonly bold: boolean;
}

interface Span extends Style {
  readonly text: string;
  readonly column: number;
}

const COLOURS = {
  plain: '#e6edf3',
  dim: '#9198a1',
  red: '#ff7b72',
  green: '#3fb950',
  paper: '#0d1117',
} as const;
const CHARACTER = 7.25;
const LINE = 17;
const MARGIN = 16;
const PLAIN: Style = { fill: COLOURS.plain, bold: false };
const STYLES: Readonly<Record<string, Partial<Style>>> = {
  '0': PLAIN,
  '1': { bold: true },
  '2': { fill: COLOURS.dim },
  '31': { fill: COLOURS.red },
  '32': { fill: COLOURS.green },
};

/** A picture of what a terminal shows: text with the SGR codes of ECMA-48 that the demo uses. */
export function terminalPicture(output: string, title: string): string {
  const lines = output
    .replaceAll('\r', '')
    .replace(/^\s*\n/, '')
    .trimEnd()
    .split('\n')
    .map(spansOf);
  const columns = Math.max(...lines.flat().map(({ column, text }) => column + text.length));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const texts = lines.flatMap((spans, row) => spans.map((span) => textElement(span, row)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-size="12"`,
    `  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${COLOURS.paper}"/>`,
    ...texts,
    '</svg>',
  ].join('\n')}\n`;
}

function spansOf(line: string): readonly Span[] {
  const spans: Span[] = [];
  let style: Style = PLAIN;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const [at, text] of line.split(/\u001b\[([0-9;]*)m/).entries()) {
    if (at % 2 === 1) style = { ...style, ...(STYLES[text === '' ? '0' : text] ?? {}) };
    else {
      for (const { 0: word, index } of text.matchAll(/\S+(?: \S+)*/g)) {
        spans.push({ ...style, text: word, column: column + index });
      }
      column += text.length;
    }
  }
  return spans;
}

/** The width is stated, so that columns stay in line whatever font there is. */
function textElement({ text, column, fill, bold }: Span, row: number): string {
  const x = (MARGIN + column * CHARACTER).toFixed(1);
  const y = MARGIN + (row + 0.75) * LINE;
  const length = (text.length * CHARACTER).toFixed(1);
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${x}" y="${y}" textLength="${length}" fill="${fill}"${weight}>${escapeXml(text)}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
