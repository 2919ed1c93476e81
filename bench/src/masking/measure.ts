import { ENTITIES, type ResolvedMasking } from '@rankguard/contract';
import { createJsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker } from '@rankguard/sidecar/masking';

const SIZE = 100_000;
const ROUNDS = 25;
const PROSE = 'The order left the warehouse on Tuesday and the customer asked when it would be there. ';
const VALUES = [
  'Write to ann.lee@example.org. ',
  'Her card is 4111 1111 1111 1111. ',
  'SSN 219-45-6780, call +1 415 555 1234. ',
  'IBAN DE89 3704 0044 0532 0130 00 from 192.0.2.17. ',
];
/** Rows that each detector of numbers has to look at, and that hold nothing. */
const ROWS = ['123456789 ', '12 ', '415 555 ', '1.', '+1 ', 'a1 ', '-eyJ', 'a@b.'];
const NOWHERE = { queries: [], documents: [], results: [] };

/** Milliseconds of processor time for 100 KB in 100 strings, reading the JSON and every detector included. */
export interface MaskingCosts {
  readonly sparse: number;
  readonly dense: number;
  /** The worst of several kinds of rows. */
  readonly hostile: number;
}

/** A body of `count` candidates; `text` gives each its text of about a kilobyte. */
function bodyOf(text: (index: number) => string): Buffer {
  const results = Array.from({ length: 100 }, (_, index) => ({ index, text: text(index) }));
  return Buffer.from(JSON.stringify({ results }));
}

const filled = (unit: string) => unit.repeat(Math.ceil(SIZE / 100 / unit.length));

/** Masking by itself, in this process and warm. */
export function measureMasking(): MaskingCosts {
  const kernel = createKernel();
  const reader = createJsonReader({ kernel });
  const masking: ResolvedMasking = {
    order: 'score-then-mask',
    fields: [],
    detectors: [{ entities: ENTITIES, with: 'redact' }],
    tokenKey: null,
  };
  const createReader = () => createJsonReader({ kernel: createKernel() });
  const masker = createMasker({ kernel, createReader, masking, tokenKey: null });

  /** One round's share of a batch, for clocks of processor time are coarse; the least of three batches. */
  function costOf(body: Buffer): number {
    const shares = Array.from({ length: 4 }, () => {
      const before = process.threadCpuUsage();
      for (let round = 0; round < ROUNDS; round++) {
        const read = reader.read(body);
        if (!read.ok) throw new Error(read.message);
        masker.json(read.document, NOWHERE, []);
      }
      const { user, system } = process.threadCpuUsage(before);
      return (user + system) / 1000 / ROUNDS;
    });
    return Math.min(...shares.slice(1));
  }

  return {
    sparse: costOf(bodyOf((index) => filled(PROSE) + (index % 10 === 0 ? VALUES[(index / 10) % 4] : ''))),
    dense: costOf(bodyOf(() => filled(VALUES.join('')))),
    hostile: Math.max(...ROWS.map((unit) => costOf(bodyOf(() => filled(unit))))),
  };
}
