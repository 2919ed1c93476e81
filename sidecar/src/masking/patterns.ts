import type { PatternRule } from '@rankguard/contract';
import { RE2JS } from 're2js';
import {
  type AnyDetector,
  type AnyFinding,
  type Found,
  merged,
  mergedParts,
  type PatternLabel,
} from './any-detector.ts';
import type { Ranges } from './ranges.ts';
import type { Scanner } from './scanner.ts';
import { foldedView } from './values.ts';

/** Compiled programs grow with repetitions; a text is read once for each. */
const LARGEST_PROGRAM = 2_000;

export function patternLabel(name: string): PatternLabel {
  return `PATTERN_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/** What is wrong with a pattern, or null. It must have RE2's syntax, a bounded size, and match no empty text. */
export function patternProblem(pattern: string): string | null {
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.matches('')) return 'the pattern matches an empty text';
    const size = compiled.programSize();
    return size > LARGEST_PROGRAM
      ? `the pattern is too large: ${size} steps, ${LARGEST_PROGRAM} at most`
      : null;
  } catch (error) {
    return `not a pattern of RE2: ${(error as Error).message}`;
  }
}

interface Compiled {
  readonly label: PatternLabel;
  readonly program: RE2JS;
  /** A text without it has no match; '' when none is known. */
  readonly literal: string;
}

/**
 * Adds the patterns of a profile to a detector. They see what a reader sees: JSON escapes decoded, look-alikes as
 * plain characters, invisible ones left out. Where findings overlap the whole is one, of the longer one's kind.
 */
export function withPatterns(
  detector: AnyDetector,
  patterns: readonly PatternRule[],
  scanner: Scanner,
): AnyDetector {
  if (patterns.length === 0) return detector;
  const compiled = patterns.map(({ name, pattern }): Compiled => {
    return { label: patternLabel(name), program: RE2JS.compile(pattern), literal: requiredLiteral(pattern) };
  });

  function inText(text: string): AnyFinding[] {
    const view = foldedView(text);
    const found: AnyFinding[] = [];
    for (const { label, program, literal } of compiled) {
      if (literal !== '' && !view.text.includes(literal)) continue;
      const matcher = program.matcher(view.text);
      while (matcher.find()) {
        if (matcher.end() === matcher.start()) continue;
        const start = view.start(matcher.start());
        const end = view.end(matcher.end());
        found.push({ entity: label, start, end, score: 1, reason: 'pattern' });
      }
    }
    return found;
  }

  /** Texts with escapes, or beyond ASCII, may spell a literal in another way. */
  function mayMatch(bytes: Buffer): boolean {
    if (compiled.some(({ literal }) => literal === '' || bytes.includes(literal))) return true;
    return bytes.includes('\\u') || bytes.some((byte) => byte >= 0x80);
  }

  function inRange(bytes: Buffer, token: number, start: number, end: number): Found[] {
    const raw = bytes.toString('utf8', start, end);
    const text = raw.includes('\\') ? unescaped(raw) : raw;
    const found = merged(inText(text));
    if (found.length === 0) return [];
    const offset = (at: number) => Buffer.byteLength(text.slice(0, at));
    const pairs = new Uint32Array(found.flatMap((one) => [offset(one.start), offset(one.end)]));
    if (text !== raw) scanner.locate(bytes.subarray(start, end), pairs);
    return found.map((one, place) => {
      return { ...one, token, start: start + pairs[place * 2]!, end: start + pairs[place * 2 + 1]! };
    });
  }

  return {
    find(bytes, ranges, nameOf) {
      const found = detector.find(bytes, ranges, nameOf);
      if (!mayMatch(bytes)) return found;
      const own: Found[] = [];
      for (const { token, start, end } of partsOf(ranges)) own.push(...inRange(bytes, token, start, end));
      return mergedParts(found, own);
    },
    detectText: (text, context) => merged([...detector.detectText(text, context), ...inText(text)]),
  };
}

/** The texts of ranges, numbers left out. */
function* partsOf({
  words,
  count,
}: Ranges): Generator<{ readonly token: number; readonly start: number; readonly end: number }> {
  for (let at = 0; at < count * 4; at += 4) {
    if (words[at + 3] === 0) yield { token: words[at]!, start: words[at + 1]!, end: words[at + 2]! };
  }
}

/** What stands between the quotes of a JSON string, decoded; as it is when it is no such text. */
function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}

/** The longest run of plain letters and digits that every match has; '' when the pattern has alternatives. */
function requiredLiteral(pattern: string): string {
  if (/[|()]|\(\?|^\(\?/.test(pattern)) return '';
  const plain = pattern.replace(/\[(?:\\.|[^\]\\])*\]|\\./g, '\0');
  let longest = '';
  for (const [run] of plain.matchAll(/[A-Za-z0-9_:@#/-]+(?![A-Za-z0-9_:@#/-])/g)) {
    // A repetition holds for the character before it, which then may be missing.
    const behind = plain[plain.indexOf(run) + run.length] ?? '';
    const sure = /[?*{]/.test(behind) ? run.slice(0, -1) : run;
    const inBraces = /\{[\d,]*$/.test(plain.slice(0, plain.indexOf(run)));
    if (!inBraces && sure.length > longest.length) longest = sure;
  }
  return longest;
}
