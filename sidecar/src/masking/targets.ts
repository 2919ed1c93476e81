import type { Strategy } from '@rankguard/contract';
import type { JsonDocument } from '../json/types.ts';
import { locate } from './facts-paths.ts';
import { type Segment, select } from './paths.ts';
import type { FactsRule, PathRule } from './plan.ts';
import { stricter } from './strategies.ts';
import type { MaskLabel, Places } from './types.ts';

/** What is to happen to one value. */
export interface Target {
  strategy: Strategy;
  label: MaskLabel;
  /** The API needs the member: `remove` empties it. */
  required: boolean;
}

/** A rule that goes on inside a string that holds JSON. */
export interface InsideRule {
  readonly segments: readonly Segment[];
  readonly strategy: Strategy;
  readonly label: MaskLabel;
}

/** The values of one document that rules name. */
export class Targets {
  readonly values = new Map<number, Target>();
  readonly inside = new Map<number, InsideRule[]>();

  add(token: number, strategy: Strategy, label: MaskLabel, required = false): void {
    const before = this.values.get(token);
    if (before === undefined) {
      this.values.set(token, { strategy, label, required });
      return;
    }
    if (stricter(before.strategy, strategy) !== before.strategy) {
      before.strategy = strategy;
      before.label = label;
    }
    if (required) before.required = true;
  }

  addPaths(document: JsonDocument, rules: readonly PathRule[]): void {
    for (const { segments, strategy } of rules) {
      for (const token of select(document, [0], segments)) this.add(token, strategy, 'FIELD');
    }
  }

  addFacts(document: JsonDocument, places: Places, rules: readonly FactsRule[]): void {
    for (const { path, strategy, label } of rules) {
      const located = locate(document, places, path);
      for (const { token, required } of located.tokens) this.add(token, strategy, label, required);
      for (const token of located.inside) {
        const rule = { segments: path.segments, strategy, label };
        const rules = this.inside.get(token);
        if (rules === undefined) this.inside.set(token, [rule]);
        else rules.push(rule);
      }
    }
  }

  addInside(document: JsonDocument, rules: readonly InsideRule[]): void {
    for (const { segments, strategy, label } of rules) {
      for (const token of select(document, [0], segments)) this.add(token, strategy, label);
    }
  }
}
