import { Ranges } from '../ranges.ts';
import { createEngine } from './engine.ts';
import { entitiesOf } from './findings.ts';
import type { DetectContext, Detector, DetectorOptions, Finding } from './types.ts';

export { createEngine, type Engine, type NameOf } from './engine.ts';
export { entitiesOf, Findings } from './findings.ts';
export {
  DEFAULT_THRESHOLD,
  type DetectContext,
  type Detector,
  type DetectorOptions,
  type Finding,
} from './types.ts';

/** A detector of what `options` ask for. */
export function createDetector(options: DetectorOptions): Detector {
  const engine = createEngine(options);

  function detect(bytes: Uint8Array, start: number, end: number, context?: DetectContext): Finding[] {
    const ranges = new Ranges();
    ranges.add(0, start, end, context?.isNumber ?? false);
    const found = engine.find(bytes, ranges, () => context?.field);
    return Array.from({ length: found.count }, (_, at) => ({
      entity: entitiesOf(found.kinds(at))[0]!,
      start: found.start(at),
      end: found.end(at),
      ...found.why(at),
    }));
  }

  return {
    find: engine.find,
    detect,
    detectText(text, context) {
      const bytes = Buffer.from(text);
      const found = detect(bytes, 0, bytes.length, context);
      return bytes.length === text.length ? found : inUnits(found, bytes);
    },
  };
}

/** Turns byte offsets into UTF-16 offsets, in one walk. */
function inUnits(findings: readonly Finding[], bytes: Buffer): Finding[] {
  let at = 0;
  let units = 0;
  const unitsTo = (end: number) => {
    for (; at < end; at++) {
      const byte = bytes[at]!;
      // Two units for the lead byte of four, none for those that continue.
      if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
  };
  return findings.map((finding) => ({
    ...finding,
    start: unitsTo(finding.start),
    end: unitsTo(finding.end),
  }));
}
