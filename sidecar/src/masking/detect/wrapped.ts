import { isAlnum } from './bytes.ts';
import { type Blob, decode } from './encoded.ts';
import type { Text } from './place.ts';
import type { Run } from './secrets.ts';

/** Lines are no shorter, but for the last: words of prose are. */
const SHORTEST_LINE = 14;

/**
 * Base64 or hexadecimal that is broken into lines of one length (RFC 2045 section 6.8 at 76, RFC 7468 at 64, others
 * anywhere), from the run of its first line on; undefined when it is none.
 */
export function wrappedFrom(text: Text, run: Run, most: number): Blob | undefined {
  const { high } = text;
  const line = /[A-Za-z0-9+/_-]+$/.exec(run.text.slice(-1024))?.[0] ?? '';
  if (line.length < SHORTEST_LINE || line.length === 1024) return undefined;
  const lines = [line];
  let end = run.end;
  let size = line.length;
  for (let next = nextLine(text, end); next !== -1; next = nextLine(text, end)) {
    const stop = Math.min(high, next + line.length);
    const more = /^[A-Za-z0-9+/_-]+={0,2}/.exec(text.slice(next, stop))?.[0];
    const behind = more === undefined ? 0 : next + more.length;
    if (more === undefined || (behind < high && isAlnum(text.buffer[behind]!))) break;
    lines.push(more);
    end = behind;
    size += more.length;
    if (size > most) return undefined;
    if (more.length < line.length) break;
  }
  if (lines.length === 1) return undefined;
  const decoded = decode(lines.join(''));
  return decoded === undefined ? undefined : { start: run.end - line.length, end, decoded };
}

/** Where the line behind `end` begins, without the spaces in front; -1: none does. */
function nextLine({ buffer, high }: Text, end: number): number {
  let at = end;
  let breaks = 0;
  for (; at < high && at - end < 12; at++) {
    const byte = buffer[at]!;
    if (byte === 0x0a) breaks++;
    else if (byte !== 0x0d && byte !== 0x20 && byte !== 0x09) break;
  }
  return breaks === 1 && at < high ? at : -1;
}
