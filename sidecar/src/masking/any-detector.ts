import type { Entity } from '@rankguard/contract';
import { type DetectContext, type Detector, entitiesOf, type Finding, type NameOf } from './detect/index.ts';
import type { Ranges } from './ranges.ts';
import { decoded, folded } from './values.ts';

/** `PATTERN_PATIENT_ID` for a pattern named `patient-id`. */
export type PatternLabel = `PATTERN_${string}`;

/** A finding of a detector or of a pattern of the profile. */
export interface AnyFinding extends Omit<Finding, 'entity'> {
  readonly entity: Entity | PatternLabel;
  /** Entities that it could be as well. */
  readonly also?: readonly Entity[];
}

/** A finding in one of several texts. */
export interface Found extends AnyFinding {
  readonly token: number;
}

/** Detectors and whatever is built on them. */
export interface AnyDetector {
  /** Findings in `ranges` of a body: texts of JSON strings, or plain; part by part, ascending and apart in each. */
  find(bytes: Buffer, ranges: Ranges, nameOf: NameOf): readonly Found[];
  /** The same for one decoded text. */
  detectText(text: string, context?: DetectContext): readonly AnyFinding[];
}

export const NAMELESS: NameOf = () => undefined;

/** Punctuation makes these other values: `1.2.34.5` is not `12.3.4.5`. */
const EXACT: ReadonlySet<string> = new Set(['EMAIL_ADDRESS', 'IP_ADDRESS', 'URL_CREDENTIALS', 'SECRET']);

/** Findings of the detectors, but for values that are allowed: compared without case, numbers by letters and digits. */
export function anyDetector(detector: Detector, allow: readonly string[]): AnyDetector {
  const allowed = new Set(allow.map(bare));
  const exactly = new Set(allow.map(plain));
  const isAllowed = (value: string, entity: AnyFinding['entity']) =>
    EXACT.has(entity) ? exactly.has(plain(value)) : allowed.has(bare(value));
  return {
    detectText: (text, context) =>
      detector
        .detectText(text, context)
        .filter(({ entity, start, end }) => allowed.size === 0 || !isAllowed(text.slice(start, end), entity)),
    find(bytes, ranges, nameOf) {
      if (ranges.count === 0) return [];
      const findings = detector.find(bytes, ranges, nameOf);
      const found: Found[] = [];
      for (let at = 0; at < findings.count; at++) {
        const kinds = findings.kinds(at);
        const [entity, ...also] = entitiesOf(kinds);
        if (entity === undefined) continue;
        if (
          allowed.size > 0 &&
          isAllowed(bytes.toString('utf8', findings.start(at), findings.end(at)), entity)
        )
          continue;
        if (entity === 'EMAIL_ADDRESS' && isImage(bytes, findings.start(at), findings.end(at))) continue;
        const { score, reason } = findings.why(at);
        const one = {
          token: findings.token(at),
          entity,
          start: findings.start(at),
          end: findings.end(at),
          score,
          reason,
        };
        found.push(also.length === 0 ? one : { ...one, also });
      }
      return found;
    },
  };
}

/** Whether an address is the name of an image for screens of a density: `logo@2x.png`. */
function isImage(bytes: Buffer, start: number, end: number): boolean {
  const last = bytes[end - 1]! | 0x20;
  // The last letters of the endings below: most addresses get no further.
  if (last !== 0x67 && last !== 0x70 && last !== 0x66) return false;
  return /@\d(?:\.\d)?x\.(?:png|jpe?g|webp|gif|svg)$/i.test(bytes.toString('latin1', start, end));
}

/** What is left of a value when it is compared with those that are allowed. */
function bare(value: string): string {
  return plain(value).replace(/[^\p{L}\p{N}]/gu, '');
}

function plain(value: string): string {
  return folded(decoded(value)).trim().toLowerCase();
}

/** Findings of several texts together, part by part, ascending and apart. `second` is in the order of its texts. */
export function mergedParts(first: readonly Found[], second: readonly Found[]): readonly Found[] {
  if (second.length === 0) return first;
  const parts = new Map<number, Found[]>();
  for (const one of [...first, ...second]) {
    const part = parts.get(one.token);
    if (part === undefined) parts.set(one.token, [one]);
    else part.push(one);
  }
  return [...parts.values()].flatMap((part) => merged(part));
}

/** All findings of one text, ascending and apart. Of those that overlap the whole is one, of the longer one's kind. */
export function merged<One extends AnyFinding>(findings: readonly One[]): One[] {
  const ordered = findings.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const result: One[] = [];
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
