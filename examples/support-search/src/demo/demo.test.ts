import { describe, expect, test } from '@jest/globals';
import { growthOf, movedMetrics } from './moved.ts';
import { personalData } from './steps.ts';
import { createPaint, formatRow, wrap } from './table.ts';
import { readMetrics } from './world.ts';

describe('metrics that moved', () => {
  const before = readMetrics(
    '# TYPE a counter\nrankguard_calls_total{connection="c",verdict="allow",reason="none"} 2\n',
  );
  const after = readMetrics(
    [
      'rankguard_calls_total{connection="c",verdict="allow",reason="none"} 3',
      'rankguard_calls_total{connection="c",policy="p",verdict="deny",reason="POLICY_DENY"} 1',
      'rankguard_calls_total{connection="c",policy="q",verdict="deny",reason="POLICY_DENY"} 2',
      'rankguard_masked_values_total{connection="c",entity="US_SSN"} 4',
      'rankguard_inflight_calls 1',
    ].join('\n'),
  );

  test('grow by the difference, summed over the labels that are not shown', () => {
    expect([...movedMetrics(before, after)]).toEqual([
      ['rankguard_calls_total{verdict="allow",reason="none"}', 1],
      ['rankguard_calls_total{verdict="deny",reason="POLICY_DENY"}', 3],
      ['rankguard_masked_values_total{entity="US_SSN"}', 4],
    ]);
  });

  test('can be asked for by label', () => {
    const moved = movedMetrics(before, after);
    expect(growthOf(moved, 'rankguard_calls_total')).toBe(4);
    expect(growthOf(moved, 'rankguard_calls_total', 'verdict="deny"')).toBe(3);
    expect(growthOf(moved, 'rankguard_documents_total')).toBe(0);
  });
});

test('personal data are found in every kind, and masks are not', () => {
  expect(personalData('ada.brook@example.com, 078-05-1120 and 3782 822463 10005')).toHaveLength(3);
  expect(personalData('[EMAIL_ADDRESS] [US_SSN] [CREDIT_CARD] T-1001 invoice 12345')).toEqual([]);
});

describe('the table', () => {
  test('breaks at spaces and cuts words that do not fit', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrap('', 4)).toEqual(['']);
  });

  test('marks a row and keeps its columns, without colours where they would be noise', () => {
    const row = { what: 'A call', who: 'ana', expected: '200', got: 'x'.repeat(45), ok: false };
    const lines = formatRow(row, createPaint(false)).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ {2}A call +ana +200 +x{40} {2}✗$/);
    expect(lines[0]!.indexOf('x')).toBe(lines[1]!.indexOf('x'));
    expect(formatRow(row, createPaint(true))).toContain('\u001b[31m✗');
  });
});
