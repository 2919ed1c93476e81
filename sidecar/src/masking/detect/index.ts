import { namesSsn } from '../names.ts';
import { createScanner, entitiesOf, Ranges } from '../scanner.ts';
import type { DetectContext, Detector, DetectorOptions, Finding } from './types.ts';

export {
  DEFAULT_THRESHOLD,
  type DetectContext,
  type Detector,
  type DetectorOptions,
  type Finding,
} from './types.ts';

/** A detector of what `options` ask for. */
export function createDetector({ kernel, entities }: DetectorOptions): Detector {
  const scanner = createScanner(kernel);
  const wanted = new Set(entities);

  function detect(bytes: Uint8Array, start: number, end: number, context?: DetectContext): Finding[] {
    const ranges = new Ranges();
    ranges.add(0, start, end, false);
    const found = scanner.find(bytes, ranges);
    const findings: Finding[] = [];
    for (let at = 0; at < found.count; at++) {
      const weak = found.isWeak(at);
      if (weak && !namesSsn(context?.field ?? '')) continue;
      if (weak) found.promote(at);
      const entity = entitiesOf(found.kinds(at)).find((one) => wanted.has(one));
      if (entity === undefined) continue;
      findings.push({ entity, start: found.start(at), end: found.end(at), score: 1, reason: 'form' });
    }
    return findings;
  }

  return {
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
