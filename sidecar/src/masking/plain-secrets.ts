import { type AnyDetector, type AnyFinding, type Found, merged, mergedParts } from './any-detector.ts';
import { looksRandom } from './detect/secrets.ts';
import { partsOf } from './patterns.ts';

/** One of these is in every text with such a secret. */
const SIGNS = ['PRIVATE KEY', 'assword'];
/** RFC 7468, with its line ends as they are or escaped; to the end of the text when there is no END. */
const PEM =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END [A-Z0-9 ]{0,60}-----|[\s\S]*$)/g;
const SAID = /password(?: is| was)? ["'`]?([^\s"'`,;<>]{4,64})/gi;

/** Adds secrets that have no form of their own: a private key of any length, and what a sentence calls a password. */
export function withPlainSecrets(detector: AnyDetector): AnyDetector {
  return {
    find(bytes, ranges, nameOf) {
      const found = detector.find(bytes, ranges, nameOf);
      if (!SIGNS.some((sign) => bytes.includes(sign))) return found;
      const own: Found[] = [];
      for (const { token, start, end } of partsOf(ranges)) {
        for (const one of secretsIn(bytes.toString('latin1', start, end))) {
          own.push({ ...one, token, start: start + one.start, end: start + one.end });
        }
      }
      return mergedParts(found, own);
    },
    detectText: (text, context) => merged([...detector.detectText(text, context), ...secretsIn(text)]),
  };
}

function secretsIn(text: string): AnyFinding[] {
  if (!SIGNS.some((sign) => text.includes(sign))) return [];
  const found: AnyFinding[] = [];
  for (const { 0: key, index } of text.matchAll(PEM)) {
    found.push({ entity: 'SECRET', start: index, end: index + key.length, score: 1, reason: 'form' });
  }
  for (const { 0: whole, 1: value, index } of text.matchAll(SAID)) {
    const secret = value!.replace(/[.)!?\\]+$/, '');
    if (secret.length < 4 || !/\d/.test(secret) || /[*<{$]/.test(secret) || !looksRandom(secret)) continue;
    const start = index + whole.length - value!.length;
    found.push({ entity: 'SECRET', start, end: start + secret.length, score: 0.6, reason: 'context' });
  }
  return found.toSorted((a, b) => a.start - b.start);
}
