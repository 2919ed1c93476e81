import type { Edit } from '../json/types.ts';
import { type AnyDetector, type AnyFinding, NAMELESS } from './any-detector.ts';
import type { Tools } from './json.ts';
import type { Judgement, Plan } from './plan.ts';
import { Ranges } from './ranges.ts';
import { SHORTEST } from './scanner.ts';
import type { Replacer } from './strategies.ts';
import type { TextFinding } from './types.ts';

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
      if (!plan.detects || bytes.length < SHORTEST) return [];
      const ranges = new Ranges();
      ranges.add(0, 0, bytes.length, false);
      return judged(detector.find(bytes, ranges, NAMELESS)).map(([finding, judgement]) => {
        const { start, end, score, reason } = finding;
        const { strategy } = judgement.treatment;
        report({ label: judgement.entity, start, end, score, reason, strategy }, () => 'text');
        return { start, end, with: replacement(judgement, bytes.toString('utf8', start, end)) };
      });
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
