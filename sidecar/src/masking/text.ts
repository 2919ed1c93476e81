import type { Edit } from '../json/types.ts';
import { type AnyDetector, type AnyFinding, NAMELESS } from './any-detector.ts';
import { apart } from './apart.ts';
import { namedValues } from './columns.ts';
import type { Judgement, Plan } from './plan.ts';
import { Ranges } from './ranges.ts';
import { SHORTEST } from './scanner.ts';
import type { Replacer } from './strategies.ts';
import type { Tools } from './tools.ts';
import type { TextFinding } from './types.ts';

/** An element of XML or HTML with text in it, and its name without prefix. */
const ELEMENT = /<(?:[\w.-]{1,64}:)?([A-Za-z_][\w.-]{0,63})(?:\s[^<>]{0,256})?>([^<>]{1,4096})<\//g;

/** Edits of elements whose names the rules name. */
function elementEdits(bytes: Buffer, { names }: Plan, replacer: Replacer, report: Tools['report']): Edit[] {
  if (names.empty || !bytes.includes('</')) return [];
  const edits: Edit[] = [];
  for (const { 0: whole, 1: name, 2: content, index } of bytes.toString('latin1').matchAll(ELEMENT)) {
    const rule = names.match(Buffer.from(name!), 0, name!.length, () => name!);
    if (rule === null || content!.trim() === '') continue;
    const end = index + whole.length - 2;
    const start = end - content!.length;
    const { strategy } = rule.treatment;
    report({ label: 'FIELD', start, end, score: 1, reason: 'field', strategy }, () => 'text');
    const value = bytes.toString('utf8', start, end);
    edits.push({ start, end, with: replacer.replace(rule.treatment, 'FIELD', value) });
  }
  return edits;
}

/** Edits of settings and columns whose names the rules name. */
export function namedEdits(
  bytes: Buffer,
  { names }: Plan,
  replacer: Replacer,
  report: Tools['report'],
): Edit[] {
  if (names.empty) return [];
  const edits: Edit[] = [];
  for (const { name, start, end } of namedValues(bytes.toString('latin1'))) {
    const rule = names.match(Buffer.from(name, 'latin1'), 0, name.length, () => name);
    if (rule === null) continue;
    const { strategy } = rule.treatment;
    report({ label: 'FIELD', start, end, score: 1, reason: 'field', strategy }, () => 'text');
    const value = bytes.toString('utf8', start, end);
    edits.push({ start, end, with: replacer.replace(rule.treatment, 'FIELD', value) });
  }
  return edits;
}

/** Masks texts that are no JSON. */
export interface TextMasking {
  edits(bytes: Buffer, report: Tools['report']): Edit[];
  find(text: string): TextFinding[];
}

export function createTextMasking({
  plan,
  detector,
  replacer,
}: {
  readonly plan: Plan;
  readonly detector: AnyDetector;
  readonly replacer: Replacer;
}): TextMasking {
  function replacement({ fixed, treatment, entity }: Judgement, value: string): string {
    return fixed ?? replacer.replace(treatment, entity, value);
  }

  /** Findings of which the profile asks to be masked, and how. */
  function judged(findings: readonly AnyFinding[]): (readonly [AnyFinding, Judgement])[] {
    const result: (readonly [AnyFinding, Judgement])[] = [];
    for (const finding of findings) {
      const judgement = plan.judge(finding);
      if (judgement !== null) result.push([finding, judgement]);
    }
    return result;
  }

  return {
    edits(bytes, report) {
      if ((!plan.detects && plan.names.empty) || bytes.length < SHORTEST) return [];
      const ranges = new Ranges();
      ranges.add(0, 0, bytes.length, false);
      const fields = [
        ...elementEdits(bytes, plan, replacer, report),
        ...namedEdits(bytes, plan, replacer, report),
      ];
      const found = judged(detector.find(bytes, ranges, NAMELESS)).map(([finding, judgement]) => {
        const { start, end, score, reason } = finding;
        const { strategy } = judgement.treatment;
        report({ label: judgement.entity, start, end, score, reason, strategy }, () => 'text');
        return { start, end, with: replacement(judgement, bytes.toString('utf8', start, end)) };
      });
      return fields.length === 0 ? found : apart([...found, ...fields]);
    },
    find(text) {
      if (!plan.detects || text.length < SHORTEST) return [];
      return judged(detector.detectText(text)).map(([finding, judgement]) => {
        const { start, end, score, reason } = finding;
        const { strategy } = judgement.treatment;
        const label = judgement.entity;
        const value = text.slice(start, end);
        return { start, end, score, reason, label, strategy, with: replacement(judgement, value) };
      });
    },
  };
}
