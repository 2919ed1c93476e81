/** One line and what ends it. */
interface Line {
  readonly text: string;
  readonly ending: string;
}

/** One event of a stream (HTML standard, section 9.2), or one line of JSON Lines. */
export interface Frame {
  readonly lines: readonly Line[];
  /** What stands in its data lines, or null. */
  readonly data: string | null;
}

/** Cuts a text into frames as it comes; what belongs to no whole frame stays. */
export interface Framing {
  push(text: string): Frame[];
  /** What is left when nothing more comes. */
  end(): Frame[];
  /** Characters that are held. */
  readonly held: number;
  /** The text of a frame; `data` in the place of its data unless null, `other` applied to its other lines. */
  render(frame: Frame, data: string | null, other: (line: string) => string): string;
  /** The text of a frame like another one, made anew. */
  like(frame: Frame, data: string): string;
}

export function createSseFraming(): Framing {
  const lines: Line[] = [];
  return createFraming({
    add(line) {
      lines.push(line);
      return line.text === '' ? eventOf(lines.splice(0)) : null;
    },
    rest: () => (lines.length === 0 ? null : eventOf(lines.splice(0))),
    held: () => lines.reduce((sum, { text }) => sum + text.length, 0),
    render: renderEvent,
    like: newEvent,
  });
}

export function createLineFraming(): Framing {
  return createFraming({
    add: (line) => ({ lines: [line], data: line.text }),
    rest: () => null,
    held: () => 0,
    render: ({ lines: [line] }, data) => (data ?? line!.text) + line!.ending,
    like: ({ lines: [line] }, data) => data + (line!.ending === '' ? '\n' : line!.ending),
  });
}

interface Assembly extends Pick<Framing, 'render' | 'like'> {
  readonly add: (line: Line) => Frame | null;
  readonly rest: () => Frame | null;
  readonly held: () => number;
}

function createFraming({ add, rest, held, render, like }: Assembly): Framing {
  let open = '';
  return {
    render,
    like,
    get held() {
      return open.length + held();
    },
    push(text) {
      // Only what is new can end the open line, but a CR at its end may be half of a CRLF.
      const ends = /\r\n|\r(?!$)|\n/g;
      ends.lastIndex = Math.max(0, open.length - 1);
      open += text;
      const frames: Frame[] = [];
      let at = 0;
      for (let end = ends.exec(open); end !== null; end = ends.exec(open)) {
        const frame = add({ text: open.slice(at, end.index), ending: end[0] });
        at = end.index + end[0].length;
        if (frame !== null) frames.push(frame);
      }
      open = open.slice(at);
      return frames;
    },
    end() {
      const frames: (Frame | null)[] = [];
      if (open !== '') {
        const ending = open.endsWith('\r') ? '\r' : '';
        frames.push(add({ text: open.slice(0, open.length - ending.length), ending }));
      }
      open = '';
      frames.push(rest());
      return frames.filter((frame) => frame !== null);
    },
  };
}

const DATA = /^\ufeff?data(?:: ?|$)/;

function eventOf(lines: readonly Line[]): Frame {
  const data = lines.filter(({ text }) => DATA.test(text)).map(({ text }) => text.replace(DATA, ''));
  return { lines, data: data.length === 0 ? null : data.join('\n') };
}

function renderEvent(frame: Frame, data: string | null, other: (line: string) => string): string {
  let out = '';
  let done = false;
  for (const { text, ending } of frame.lines) {
    const prefix = DATA.exec(text)?.[0];
    if (prefix === undefined) out += (text === '' ? '' : other(text)) + ending;
    else if (data === null) out += text + ending;
    else if (!done) {
      const parts = data.split('\n').map((part) => prefix + part);
      out += parts.join(ending === '' ? '\n' : ending) + ending;
      done = true;
    }
  }
  return out;
}

function newEvent(like: Frame, data: string): string {
  const ending = like.lines.find((line) => line.ending !== '')?.ending ?? '\n';
  const name = like.lines.find(({ text }) => text.startsWith('event:'));
  return `${name === undefined ? '' : name.text + ending}data: ${data}${ending}${ending}`;
}
