import type { ResolvedMasking } from '@rankguard/contract';
import { type Edit, type JsonReader, splice } from '../json/index.ts';
import type { Kernel } from '../kernel/index.ts';
import { JsonMasking, replacement, type Tools } from './json.ts';
import { createPlan, type Plan } from './plan.ts';
import { createScanner, Ranges, SHORTEST } from './scanner.ts';
import { createReplacer } from './strategies.ts';
import { Targets } from './targets.ts';
import type { Masker, MaskLabel, MaskResult } from './types.ts';

export type { Masker, MaskLabel, MaskResult, Place, Places } from './types.ts';

export interface MaskerOptions {
  /** May be the one that holds the documents: only its scratch is used. */
  readonly kernel: Kernel;
  /** Makes a reader with a kernel of its own, for JSON in strings. Called at most once per depth. */
  readonly createReader: () => JsonReader;
  readonly masking: ResolvedMasking;
  /** The key of `token`, null when no rule uses it. */
  readonly tokenKey: Uint8Array | null;
}

/**
 * A masker for one profile. Throws CONFIG_UNSUPPORTED for strategies and paths that this version does not
 * have, CONFIG_INVALID for tokens without a key.
 */
export function createMasker({ kernel, createReader, masking, tokenKey }: MaskerOptions): Masker {
  const plan = createPlan(masking, tokenKey);
  const scanner = createScanner(kernel);
  const replacer = createReplacer(tokenKey);
  const readers: JsonReader[] = [];
  const idle = isIdle(plan);

  function nestedReader(depth: number): JsonReader {
    readers[depth] ??= createReader();
    return readers[depth];
  }

  function toolsFor(counts: Record<string, number>): Tools {
    const count = (label: MaskLabel) => {
      counts[label] = (counts[label] ?? 0) + 1;
    };
    return { plan, scanner, replacer, nestedReader, count };
  }

  function text(bytes: Buffer): MaskResult {
    const edits: Edit[] = [];
    const counts: Record<string, number> = {};
    if (!plan.detects || bytes.length < SHORTEST) return { edits, counts };
    const ranges = new Ranges();
    ranges.add(0, 0, bytes.length, false);
    const tools = toolsFor(counts);
    const findings = scanner.find(bytes, ranges);
    for (let at = 0; at < findings.count; at++) {
      const judged = findings.isWeak(at) ? null : plan.judge(findings.kinds(at));
      if (judged === null) continue;
      tools.count(judged.entity);
      const start = findings.start(at);
      const end = findings.end(at);
      edits.push({ start, end, with: replacement(tools, bytes, start, end, judged) });
    }
    return { edits, counts };
  }

  return {
    json(document, places, obligations) {
      const obliged = plan.obliged(obligations);
      const counts: Record<string, number> = {};
      if (idle && obliged.length === 0) return { edits: [], counts };
      const targets = new Targets();
      targets.addPaths(document, plan.paths);
      targets.addFacts(document, places, plan.facts);
      targets.addFacts(document, places, obliged);
      const edits = new JsonMasking(toolsFor(counts), document, targets, 0, () => false).run();
      return { edits, counts };
    },
    text,
    string(value) {
      if (value.length < SHORTEST) return value;
      const bytes = Buffer.from(value);
      const { edits } = text(bytes);
      return edits.length === 0 ? value : splice(bytes, edits).toString();
    },
  };
}

function isIdle(plan: Plan): boolean {
  const { names, paths, facts } = plan;
  return !plan.detects && names.empty && paths.length === 0 && facts.length === 0;
}
