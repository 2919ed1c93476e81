import { describe, expect, test } from '@jest/globals';
import { ENTITIES } from '@rankguard/contract';
import { createKernel } from '../../kernel/index.ts';
import { createDetector } from './index.ts';

const detector = createDetector({ kernel: createKernel(), entities: ENTITIES });

describe('the detector', () => {
  test('gives offsets of bytes for bytes, and of UTF-16 units for text', () => {
    const text = '😀é joe@example.com é 219-45-6780';
    const values = detector.detectText(text).map(({ start, end }) => text.slice(start, end));
    expect(values).toEqual(['joe@example.com', '219-45-6780']);
    const bytes = Buffer.from(`ann@example.org ${text}`);
    const found = detector.detect(bytes, 16, bytes.length);
    expect(found.map(({ start, end }) => bytes.subarray(start, end).toString())).toEqual(values);
  });

  test('finds only what it is asked for', () => {
    const cards = createDetector({ kernel: createKernel(), entities: ['CREDIT_CARD'] });
    expect(cards.detectText('joe@example.com 4111111111111111').map(({ entity }) => entity)).toEqual([
      'CREDIT_CARD',
    ]);
  });
});
