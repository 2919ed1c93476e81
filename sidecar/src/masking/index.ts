import type { ResolvedMasking } from '@rankguard/contract';
import { yamlBudget } from '../facts/yaml-text.ts';
import { type JsonReader, splice } from '../json/index.ts';
import type { Kernel } from '../kernel/index.ts';
import { anyDetector } from './any-detector.ts';
import { createDetector } from './detect/index.ts';
import { withDisguises } from './disguises.ts';
import { withFormatting } from './formatting.ts';
import { JsonMasking } from './json.ts';
import { withPatterns } from './patterns.ts';
import { createPlan, type Plan } from './plan.ts';
import { restoreEdits } from './restore.ts';
import { createScanner, SHORTEST } from './scanner.ts';
import { createReplacer } from './strategies.ts';
import { Targets } from './targets.ts';
import { createTextMasking } from './text.ts';
import { OUTERMOST, type Tools } from './tools.ts';
import type { JsonOptions, Masker, MaskNote, MaskResult } from './types.ts';

export { type MaskedBody, maskBody } from './body/index.ts';
export { parseFactsPath } from './facts-paths.ts';
export { normaliseName } from './names.ts';
export { patternProblem } from './patterns.ts';
export { createMaskers, type Maskers, type MaskFor } from './scope.ts';
export { createStreamMasker, STREAM_KINDS, type StreamKind, type StreamMasker } from './stream/index.ts';
export type { Issued, Masker, MaskLabel, MaskNote, MaskResult, Place, Places, TextFinding } from './types.ts';

export interface MaskerOptions {
  /** May be the one that holds the documents: only its scratch is used. */
  readonly kernel: Kernel;
  /** Makes a reader with a kernel of its own, for JSON in strings. Called at most once per depth. */
  readonly createReader: () => JsonReader;
  readonly masking: ResolvedMasking;
  /** The key of `token` and `surrogate`, null when no rule uses it. */
  readonly tokenKey: Uint8Array | null;
  /** Told of each value that is masked, for who wants to explain. */
  readonly note?: (note: MaskNote) => void;
}

/**
 * A masker for one profile. Throws CONFIG_UNSUPPORTED for paths that this version does not have,
 * CONFIG_INVALID for tokens or surrogates without a key.
 */
export function createMasker(options: MaskerOptions): Masker {
  const { kernel, createReader, masking, tokenKey, note } = options;
  const plan = createPlan(masking, tokenKey);
  const { thresholds = {}, allow = [], deny = [] } = masking;
  const scanner = createScanner(kernel);
  const entities = createDetector({ kernel, entities: plan.entities, thresholds, allow, deny });
  const detector = withFormatting(
    withDisguises(withPatterns(anyDetector(entities, allow), masking.patterns ?? [], scanner)),
  );
  const replacer = createReplacer(tokenKey, masking.tokenDomain);
  const readers: JsonReader[] = [];
  const idle = isIdle(plan);

  function nestedReader(depth: number): JsonReader {
    readers[depth] ??= createReader();
    return readers[depth];
  }

  function toolsFor(counts: Record<string, number>, { issued, except = NONE }: JsonOptions = {}): Tools {
    const report: Tools['report'] = (one, where) => {
      counts[one.label] = (counts[one.label] ?? 0) + 1;
      note?.({ ...one, path: where() });
    };
    const yaml = yamlBudget();
    return { plan, detector, scanner, replacer, nestedReader, issued: issued ?? null, except, yaml, report };
  }

  const texts = createTextMasking({ plan, detector, replacer });

  function text(bytes: Buffer): MaskResult {
    const counts: Record<string, number> = {};
    return { edits: texts.edits(bytes, toolsFor(counts).report), counts };
  }

  return {
    restore: restoreEdits,
    json(document, places, obligations, options) {
      const obliged = plan.obliged(obligations);
      const counts: Record<string, number> = {};
      if (idle && obliged.length === 0) return { edits: [], counts };
      const targets = new Targets();
      targets.addPaths(document, plan.paths);
      targets.addFacts(document, places, plan.facts);
      targets.addFacts(document, places, obliged);
      const edits = new JsonMasking(toolsFor(counts, options), document, targets, OUTERMOST).run();
      return { edits, counts };
    },
    text,
    find: texts.find,
    string(value) {
      if (value.length < SHORTEST) return value;
      const bytes = Buffer.from(value);
      const { edits } = text(bytes);
      return edits.length === 0 ? value : splice(bytes, edits).toString();
    },
  };
}

const NONE: ReadonlySet<number> = new Set();

function isIdle(plan: Plan): boolean {
  const { names, paths, facts } = plan;
  return !plan.detects && names.empty && paths.length === 0 && facts.length === 0;
}
