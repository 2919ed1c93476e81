import type { TextFinding } from '../types.ts';
import { CONTEXT, openFrom, openKey, undecidedRuns } from './holding.ts';

/** Text that has left and still speaks for what follows. */
const KEPT = 256;
/** What is held back at most; longer runs without a space are masked, not released. */
const LONGEST = 4096;
const LONGEST_KEY = 16_384;
const LONGEST_END = 128;
const OVERLONG = '<REDACTED>';
/** A score that no context changes. */
const CERTAIN = 1;
const CARD_DIGITS = 19;

/** A text that comes in pieces. */
export interface Channel {
  /** What may leave now that this piece has come; masked. */
  push(piece: string): string;
  /** The rest. The channel may be used again for another text. */
  end(): string;
  /** Whether anything was masked so far. */
  readonly changed: boolean;
}

/**
 * Masks a text that comes in pieces. Held back is only what can still become part of a value: the last word,
 * groups of digits, a private key without its end, and numbers whose meaning the next words decide. However the
 * text is cut, the same comes out.
 */
export function createTextChannel(
  find: (text: string) => readonly TextFinding[],
  note: (finding: TextFinding) => void = () => {},
): Channel {
  let left = '';
  let pending = '';
  /** What ends the run that is being left out, if one is. */
  let skipping: RegExp | null = null;
  let changed = false;

  function push(piece: string): string {
    pending += piece;
    if (skipping !== null && !skip(skipping)) return '';
    const text = left + pending;
    const findings = find(text);
    const out = release(text, settledUntil(text, left.length, findings), findings);
    return pending.length > (isKey(pending) ? LONGEST_KEY : LONGEST) ? out + giveUp() : out;
  }

  /** Leaves out what is pending up to the end of a run; false while it has not come. */
  function skip(until: RegExp): boolean {
    const end = until.exec(pending);
    if (end === null) {
      // The end itself may come in pieces.
      pending = pending.slice(-LONGEST_END);
      return false;
    }
    pending = pending.slice(end.index + end[0].length);
    skipping = null;
    return true;
  }

  /** Masks and lets go of what stands before `stop`. */
  function release(text: string, stop: number, findings: readonly TextFinding[]): string {
    let out = '';
    let at = left.length;
    if (stop <= at) return '';
    for (const finding of findings) {
      const { start, end, with: replacement } = finding;
      if (end <= at) continue;
      if (start >= stop) break;
      changed = true;
      note(finding);
      out += text.slice(at, Math.max(at, start)) + replacement;
      at = end;
    }
    // A value that goes on behind `stop` was masked whole.
    const next = Math.max(at, stop);
    out += text.slice(at, next);
    left = text.slice(Math.max(0, next - KEPT), next);
    pending = text.slice(next);
    return out;
  }

  /** Nothing that could be a value leaves because it is long. */
  function giveUp(): string {
    skipping = isKey(pending) ? /-----END [^\n]{0,60}-----|-----END [^\n]{0,60}(?=\n)/ : /(?=\s)/;
    pending = '';
    left = '';
    changed = true;
    return OVERLONG;
  }

  return {
    get changed() {
      return changed;
    },
    push,
    end() {
      const text = left + pending;
      const key = skipping === null ? openKey(text, left.length) : text.length;
      const findings = skipping === null ? find(text) : [];
      const out = skipping === null ? release(text, key, findings) : '';
      const rest = key < text.length ? OVERLONG : '';
      changed ||= rest !== '';
      left = '';
      pending = '';
      skipping = null;
      return out + rest;
    },
  };
}

function isKey(text: string): boolean {
  return text.startsWith('-----BEGIN');
}

/** Whether no word that follows changes a finding. One with more digits than a card has is two that overlap. */
function isCertain(text: string, { score, label, start, end }: TextFinding): boolean {
  if (score < CERTAIN) return false;
  return label !== 'CREDIT_CARD' || (text.slice(start, end).match(/\p{Nd}/gu)?.length ?? 0) <= CARD_DIGITS;
}

/** How much of a text can no longer change, whatever follows. */
function settledUntil(text: string, from: number, findings: readonly TextFinding[]): number {
  let stop = openFrom(text, from);
  const settled = findings.filter((one) => isCertain(text, one));
  for (const run of undecidedRuns(text, from)) {
    const decided = settled.some(({ start, end }) => start <= run.start && end >= run.end - 1);
    if (!decided) stop = Math.min(stop, run.start);
  }
  for (const one of findings) {
    const { start, end } = one;
    const undecided = !isCertain(text, one) && end > text.length - CONTEXT;
    if (undecided || end > stop) stop = Math.min(stop, start);
  }
  return stop;
}

/** Holds a text back until it is whole. `mask` may throw. */
export function createWholeChannel(
  mask: (text: string) => string,
  longest: number,
  tooLong: () => never,
): Channel {
  let pending = '';
  let changed = false;
  return {
    get changed() {
      return changed;
    },
    push(piece) {
      pending += piece;
      if (pending.length > longest) tooLong();
      return '';
    },
    end() {
      const whole = pending;
      pending = '';
      const masked = whole === '' ? '' : mask(whole);
      changed ||= masked !== whole;
      return masked;
    },
  };
}
