/** A value of a text that has a name: where it stands, half open. */
export interface Named {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const NAME = '[A-Za-z_][\\w.-]{0,47}(?: [\\w.-]{1,24}){0,2}';
/** A line of YAML, of a configuration file or of a message's head. */
const PAIR = new RegExp(`^[ \\t]*(?:- )?(?:export )?["']?(${NAME})["']?[ \\t]*[:=][ \\t]*(\\S.*?)[ \\t]*$`);
/** Blank lines, comments, sections, items and the ends of blocks are neither for nor against. */
const NEUTRAL = /^[ \t]*(?:$|[#;[\]{}]|---|\/\/|- )/;
/** What stands for a value that is not there. */
const PLACEHOLDER = /^(?:[*•x.…-]+|null|none|true|false|~|\$\{.*|<.*|\{\{.*|[|>][+-]?)$/i;
const HEADING = new RegExp(`^["']?${NAME}["']?$`);
const DELIMITERS = ['\t', ',', ';', '|'];
/** A line that is longer is no line of a table or of settings. */
const LONGEST_LINE = 16_384;

/**
 * The named values of a text of settings (`key: value`, `key = value`, line by line) or of a table with a heading
 * (RFC 4180, also with other delimiters). Nothing of a text that is mostly something else.
 */
export function namedValues(text: string): Named[] {
  const lines = linesOf(text);
  const first = lines[0];
  if (first === undefined) return [];
  return tableValues(text, lines) ?? pairValues(text, lines);
}

interface Line {
  readonly start: number;
  readonly end: number;
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const stop = newline === -1 ? text.length : newline;
    const end = text[stop - 1] === '\r' ? stop - 1 : stop;
    if (end > start) lines.push({ start, end });
    start = stop + 1;
  }
  return lines;
}

function pairValues(text: string, lines: readonly Line[]): Named[] {
  const values: Named[] = [];
  let others = 0;
  let words = 0;
  for (const { start, end } of lines) {
    const line = end - start > LONGEST_LINE ? '' : text.slice(start, end);
    const match = PAIR.exec(line);
    if (match === null) {
      if (line === '' || (!NEUTRAL.test(line) && !/^[\s\w.-]+:\s*$/.test(line))) others++;
      continue;
    }
    const [, name, value] = match;
    words = Math.max(words, value!.split(' ').length);
    if (PLACEHOLDER.test(value!)) continue;
    const at = start + line.trimEnd().length - value!.length;
    values.push({ name: name!, ...unquoted(text, at, at + value!.length) });
  }
  // One line alone is as likely a sentence.
  const settled = values.length > 1 || (words <= 2 && !values[0]?.name.includes(' '));
  return settled && others * 2 <= values.length ? values : [];
}

function unquoted(text: string, start: number, end: number): Line {
  const quote = text[start];
  const isQuoted = end - start > 2 && (quote === '"' || quote === "'") && text[end - 1] === quote;
  return isQuoted ? { start: start + 1, end: end - 1 } : { start, end };
}

/** The cells of a table under its headings; null when the text is none. */
function tableValues(text: string, lines: readonly Line[]): Named[] | null {
  const [head, second] = lines;
  if (head === undefined || second === undefined || head.end - head.start > LONGEST_LINE) return null;
  for (const delimiter of DELIMITERS) {
    const headings = cells(text, head, delimiter);
    if (headings.length < 2 || cells(text, second, delimiter).length !== headings.length) continue;
    const names = headings.map(({ start, end }) => text.slice(start, end).trim());
    if (!names.every((name) => HEADING.test(name))) continue;
    return rowsOf(text, lines.slice(1), names, delimiter);
  }
  return null;
}

function rowsOf(text: string, lines: readonly Line[], names: readonly string[], delimiter: string): Named[] {
  const values: Named[] = [];
  for (const line of lines) {
    for (const [column, { start, end }] of cells(text, line, delimiter).entries()) {
      const name = names[column];
      if (name !== undefined && end > start) values.push({ name, start, end });
    }
  }
  return values;
}

/** Cells without the quotes around them. */
function cells(text: string, { start, end }: Line, delimiter: string): Line[] {
  const found: Line[] = [];
  let from = start;
  let quoted = false;
  for (let at = start; at <= end; at++) {
    if (at < end && text[at] === '"') quoted = !quoted;
    if (at < end && (quoted || text[at] !== delimiter)) continue;
    found.push(unquoted(text, from, at));
    from = at + 1;
  }
  return found;
}
