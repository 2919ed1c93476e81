import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createKernel } from '../kernel/index.ts';
import { removeElements, valueRange } from './elements.ts';
import { createJsonReader, type JsonDocument, splice } from './index.ts';

const reader = createJsonReader({ kernel: createKernel() });

function read(text: string): JsonDocument {
  const result = reader.read(Buffer.from(text));
  if (!result.ok) throw new Error(`${result.message}: ${text}`);
  return result.document;
}

/** The text without the elements at these places of its root array. */
function without(text: string, places: readonly number[]): string {
  const document = read(text);
  return splice(
    document.bytes,
    removeElements(document, 0, (place) => places.includes(place)),
  ).toString();
}

describe('the text that is left', () => {
  test.each([
    ['the first', '[1, 2, 3]', [0], '[2, 3]'],
    ['one in the middle', '[1, 2, 3]', [1], '[1, 3]'],
    ['the last', '[1, 2, 3]', [2], '[1, 2]'],
    ['two at the front', '[1, 2, 3]', [0, 1], '[3]'],
    ['two at the end', '[1, 2, 3]', [1, 2], '[1]'],
    ['the outer ones', '[1, 2, 3]', [0, 2], '[2]'],
    ['two runs', '[1,2,3,4,5,6]', [1, 2, 4], '[1,4,6]'],
    ['every second', '[0,1,2,3,4]', [0, 2, 4], '[1,3]'],
    ['all', '[ 1 , 2 ]', [0, 1], '[]'],
    ['the only one', '[\n1\n]', [0], '[]'],
    ['none', '[ 1 , 2 ]', [], '[ 1 , 2 ]'],
    ['none of none', '[ ]', [], '[ ]'],
    ['strings with brackets and commas', '["],[",",","]"]', [1], '["],[","]"]'],
    ['objects and arrays', '[{"a":[1,2]},[{}],{"b":{}}]', [0, 2], '[[{}]]'],
    ['white space before commas', '[1 \t,\n2 ,3]', [1], '[1 ,3]'],
  ])('without %s', (_, text, places, left) => {
    expect(without(text, places)).toBe(left);
  });

  test('is found at any depth, and what is around it stays', () => {
    const document = read('{"a": [1, {"b": ["x", "y" , "z"]}], "c": 1.0}');
    const b = document.get(document.next(document.get(0, 'a') + 1), 'b');
    const edits = removeElements(document, b, (place) => place === 1);
    expect(splice(document.bytes, edits).toString()).toBe('{"a": [1, {"b": ["x" , "z"]}], "c": 1.0}');
  });

  test('the callback sees places in order, each with the token of its element', () => {
    const document = read('["a", {"b": "c"}, ["d"], 4]');
    const seen: string[] = [];
    removeElements(document, 0, (place, token) => {
      seen.push(`${place} ${document.raw(token)}`);
      return false;
    });
    expect(seen).toEqual(['0 "a"', '1 {"b": "c"}', '2 ["d"]', '3 4']);
  });
});

test('the range of a value has its quotes and nothing else', () => {
  const text = '[ "a\\"b" , {"k": 1} , [ ] , -1.50 , null ]';
  const document = read(text);
  const values = [...document.elements(0)].map((token) => {
    const { start, end } = valueRange(document, token);
    return document.bytes.toString('utf8', start, end);
  });
  expect(values).toEqual(['"a\\"b"', '{"k": 1}', '[ ]', '-1.50', 'null']);
});

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });
/** Texts that a value may be written as, also such that JSON.stringify would never write. */
const element = fc.oneof(
  fc.jsonValue({ maxDepth: 2, noUnicodeString: false }).map((value) => JSON.stringify(value)),
  fc.constantFrom('1.00', '-0', '1e5', '123456789012345678901234567890', '""', '"\\u005d"'),
  fc.constantFrom('"],["', '"\\\\"', '"\\",\\""', '{ }', '[ [ ] ]', '"é😀"', '{"]" : "["}'),
);

test('property: equals filtering the parsed array, and each kept element keeps its bytes', () => {
  const cases = fc.array(fc.record({ text: element, before: space, after: space, goes: fc.boolean() }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(cases, space, (elements, inner) => {
      const body = elements.map(({ before, text, after }) => `${before}${text}${after}`).join(',');
      const whole = elements.length === 0 ? `[${inner}]` : `[${body}]`;
      const read = reader.read(Buffer.from(whole));
      fc.pre(read.ok);
      const left = without(
        whole,
        elements.flatMap(({ goes }, place) => (goes ? [place] : [])),
      );
      const kept = elements.filter(({ goes }) => !goes);
      expect(JSON.parse(left)).toEqual(kept.map(({ text }) => JSON.parse(text)));
      const again = reader.read(Buffer.from(left));
      if (!again.ok) throw new Error(again.message);
      const raws = [...again.document.elements(0)].map((token) => again.document.raw(token));
      expect(raws).toEqual(kept.map(({ text }) => text));
      if (kept.length === elements.length) expect(left).toBe(whole);
    }),
    { numRuns: 1_000 },
  );
});

test('property: edits lie in the array, in order and apart', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(element, fc.boolean())), (pairs) => {
      const text = `[${pairs.map(([one]) => one).join(' , ')}]`;
      const result = reader.read(Buffer.from(text));
      fc.pre(result.ok);
      const document = (result as { document: JsonDocument }).document;
      const edits = removeElements(document, 0, (place) => pairs[place]![1]);
      let at = 1;
      for (const { start, end, with: text } of edits) {
        expect(text).toBe('');
        expect(start).toBeGreaterThanOrEqual(at);
        expect(end).toBeGreaterThanOrEqual(start);
        at = end;
      }
      expect(at).toBeLessThan(document.bytes.length);
    }),
    { numRuns: 300 },
  );
});
