import type { Text } from './place.ts';
import { looksRandom } from './secrets.ts';

/** Longer than what a private key begins with, and than what {@link SAID} takes. */
const BEFORE = 56;
const BEHIND = 24;
const LONGEST = 88;
const V = 0x56;
/** From the `V` on. */
const REST_OF_BEGIN = /^VATE KEY(?: BLOCK)?-----/;
const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRI$/;
const END = '-----END ';
const REST_OF_END = /^[A-Z0-9 ]{0,60}-----/;
const SAID = /^password(?: is| was)? ["'`]?([^\s"'`,;<>]{4,64})/i;
/** From the start of `password` to the letter at which the kernel notes it. */
const TO_ANCHOR = 3;

/**
 * Secrets that have no form of their own, around the words that announce them: a private key of any length, and what a
 * sentence calls a password. `at` is where the kernel notes such a word. Returns how far it has looked.
 */
export function findAnnounced(text: Text, at: number): number {
  return text.buffer[at] === V ? findKey(text, at) : findPassword(text, at);
}

/** RFC 7468; to the end of the text when there is no END. */
function findKey(text: Text, at: number): number {
  const { buffer, low, high } = text;
  text.keyWord = at;
  if (!REST_OF_BEGIN.test(text.slice(at, Math.min(high, at + BEHIND)))) return at + 1;
  const from = Math.max(low, at - BEFORE);
  const begin = BEGIN.exec(text.slice(from, at));
  if (begin === null) return at + 1;
  const stop = keyEnd(buffer, at, high);
  text.report('SECRET', from + begin.index, stop, 1, 'form');
  return stop;
}

function keyEnd(buffer: Buffer, from: number, high: number): number {
  const rest = buffer.subarray(from, high);
  for (let end = rest.indexOf(END); end !== -1; end = rest.indexOf(END, end + 1)) {
    const behind = end + END.length;
    const close = REST_OF_END.exec(rest.toString('latin1', behind, behind + 72));
    if (close !== null) return from + behind + close[0].length;
  }
  return high;
}

function findPassword(text: Text, at: number): number {
  const start = at - TO_ANCHOR;
  if (start < text.low) return at + 1;
  const said = SAID.exec(text.slice(start, Math.min(text.high, start + LONGEST)));
  if (said === null) return at + 1;
  const value = said[1]!;
  const secret = value.replace(/[.)!?\\]+$/, '');
  if (secret.length < 4 || !/\d/.test(secret) || /[*<{$]/.test(secret) || !looksRandom(secret)) return at + 1;
  const from = start + said[0].length - value.length;
  text.report('SECRET', from, from + secret.length, 0.6, 'context');
  return from + secret.length;
}
