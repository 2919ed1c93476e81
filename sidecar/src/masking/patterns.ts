import type { PatternRule } from '@rankguard/contract';
import { RE2JS } from 're2js';
import type { DetectContext, Detector, Finding } from './detect/index.ts';
import type { Scanner } from './scanner.ts';
import { foldedView } from './values.ts';

/** A finding of a detector or of a pattern of the profile. */
export interface AnyFinding extends Omit<Finding, 'entity'> {
  readonly entity: Finding['entity'] | PatternLabel;
}
/** `PATTERN_PATIENT_ID` for a pattern named `patient-id`. */
export type PatternLabel = `PATTERN_${string}`;

/** A detector that also finds the patterns of a profile. */
export interface AnyDetector {
  detect(bytes: Uint8Array, start: number, end: number, context?: DetectContext): readonly AnyFinding[];
  detectText(text: string, context?: DetectContext): readonly AnyFinding[];
}

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
  detector: Detector,
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

  function inBytes(bytes: Uint8Array, start: number, end: number): AnyFinding[] {
    const part = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const raw = part.toString('utf8');
    const text = raw.includes('\\') ? unescaped(raw) : raw;
    const found = inText(text);
    if (found.length === 0) return found;
    const pairs = new Uint32Array(
      merged([], found).flatMap((one) => [
        Buffer.byteLength(text.slice(0, one.start)),
        Buffer.byteLength(text.slice(0, one.end)),
      ]),
    );
    if (text !== raw) scanner.locate(part, pairs);
    return merged([], found).map((one, place) => ({
      ...one,
      start: start + pairs[place * 2]!,
      end: start + pairs[place * 2 + 1]!,
    }));
  }

  return {
    detect: (bytes, start, end, context) =>
      merged(detector.detect(bytes, start, end, context), inBytes(bytes, start, end)),
    detectText: (text, context) => merged(detector.detectText(text, context), inText(text)),
  };
}

/** What stands between the quotes of a JSON string, decoded; as it is when it is no such text. */
function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}

/** All findings, ascending and apart. */
function merged(first: readonly AnyFinding[], second: readonly AnyFinding[]): AnyFinding[] {
  if (second.length === 0) return [...first];
  const ordered = [...first, ...second].sort((a, b) => a.start - b.start || b.end - a.end);
  const result: AnyFinding[] = [];
  for (const one of ordered) {
    const last = result.at(-1);
    if (last === undefined || one.start >= last.end) result.push(one);
    else if (one.end > last.end) {
      const longer = one.end - one.start > last.end - last.start ? one : last;
      result[result.length - 1] = { ...longer, start: last.start, end: one.end };
    }
  }
  return result;
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
