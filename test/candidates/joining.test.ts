import { describe, expect, test } from '@jest/globals';
import { NO_OBLIGATIONS } from '@rankguard/contract';
import fc from 'fast-check';
import { drops, throughBothPhases } from './calls.ts';
import { FORMATS, type Format } from './formats.ts';

/** Documents that look like what could go wrong: brackets, commas, quotes, escapes, no ASCII. */
const documentText = fc
  .oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('],[', '","', '"', '\\', '{"id":1}', '[', '😀é', '\u2028', '{"index":0}'),
  )
  .chain((text) =>
    fc.constantFrom(
      JSON.stringify(text),
      JSON.stringify(text).replace(/[a-z]/, (c) => `\\u00${c.charCodeAt(0).toString(16)}`),
    ),
  )
  .filter((text) => !/\\ud[89a-f]/i.test(text));

/** Candidates of each ranking; which of them a policy drops before and after scoring; how the upstream answers. */
const ranking = fc
  .array(documentText, { minLength: 1, maxLength: 7 })
  .map((texts) => texts.map((text, place) => `"${place}:${text.slice(1)}`))
  .chain((texts) =>
    fc.record({
      texts: fc.constant(texts),
      drop: fc.subarray(
        texts.map((_, place) => place),
        { maxLength: texts.length - 1 },
      ),
      dropLater: fc.subarray(texts.map((_, place) => place)),
      order: fc.shuffledSubarray(texts.map((_, place) => place)),
      scores: fc.array(fc.constantFrom('0.5', '1', '-3.250', '1e-7', 'null', '0.50'), {
        minLength: 7,
        maxLength: 7,
      }),
    }),
  );

interface Ranking {
  readonly texts: readonly string[];
  readonly drop: readonly number[];
  readonly dropLater: readonly number[];
  readonly order: readonly number[];
  readonly scores: readonly string[];
}

/** What has to come of it, worked out on arrays. */
function predict(format: Format, rankings: readonly Ranking[]) {
  const offsets = rankings.map((_, at) =>
    rankings.slice(0, at).reduce((sum, { texts }) => sum + texts.length, 0),
  );
  const overall = (pick: (one: Ranking) => readonly number[]) =>
    rankings.flatMap((one, at) => pick(one).map((place) => offsets[at]! + place));
  const kept = rankings.map(({ texts, drop }) => [...texts.keys()].filter((place) => !drop.includes(place)));
  const orders = kept.map((part, at) => rankings[at]!.order.filter((place) => place < part.length));
  const upstream = orders.map((order, at) =>
    order.map((place, rank) => {
      const { scores, texts } = rankings[at]!;
      return format.result(String(place), scores[rank]!, texts[kept[at]![place]!]!);
    }),
  );
  const own = orders.map((order, at) => order.map((place) => kept[at]![place]!));
  return {
    dropped: overall(({ drop }) => drop),
    droppedLater: overall(({ dropLater }) => dropLater),
    sent: kept.map((part, at) => part.map((place) => rankings[at]!.texts[place]!)),
    answer: format.answer(upstream),
    /** What policies see of the answer: overall index and rank. */
    seen: own.flatMap((part, at) => part.map((place, rank) => [offsets[at]! + place, rank])),
    results: own.map((part, at) =>
      part
        .filter((place) => !rankings[at]!.dropLater.includes(place))
        .map((place) => ({ index: place, echo: JSON.parse(rankings[at]!.texts[place]!) as unknown })),
    ),
  };
}

/** Text of each number of a JSON text in its own spelling, in order. */
const numbersIn = (text: string) => text.replace(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.e+-]*/g) ?? [];

describe.each(FORMATS)('$path', (format) => {
  const cases = fc.record({
    rankings: fc.array(ranking, { minLength: 1, maxLength: format.batch ? 3 : 1 }),
    topN: fc.option(fc.integer({ min: 1, max: 9 })),
  });
  const runs = { numRuns: format.batch ? 400 : 250 };

  test('property: results belong to the right documents in the caller’s own list, and what is kept keeps its bytes', () => {
    fc.assert(
      fc.property(cases, ({ rankings, topN }) => {
        const texts = rankings.map((one) => one.texts);
        const body = format.body(texts, topN === null ? null : String(topN));
        expect(format.parts(body)).toEqual(texts);
        const expected = predict(format, rankings);
        const seen: { facts?: Record<string, unknown> } = {};
        const said = {
          request: { ...NO_OBLIGATIONS, drop: drops(expected.dropped) },
          response: { ...NO_OBLIGATIONS, drop: drops(expected.droppedLater) },
          seen,
        };
        const { sent, answered } = throughBothPhases(format.path, body, said, expected.answer);

        expect(format.parts(sent)).toEqual(expected.sent);
        if (expected.dropped.length === 0) expect(sent).toBe(body);
        expect(format.results(answered)).toEqual(expected.results);
        const untouched = expected.dropped.length + expected.droppedLater.length === 0;
        if (untouched) expect(answered).toBe(expected.answer);
        const facts = seen.facts!['response'] as { results: { index: number; rank: number }[] };
        expect(facts.results.map(({ index, rank }) => [index, rank])).toEqual(expected.seen);
      }),
      runs,
    );
  });

  test('property: scores keep their spelling, and top_n is never more than what is left', () => {
    fc.assert(
      fc.property(cases, ({ rankings, topN }) => {
        const body = format.body(
          rankings.map(({ texts }) => texts),
          topN === null ? null : String(topN),
        );
        const expected = predict(format, rankings);
        const said = {
          request: { ...NO_OBLIGATIONS, drop: drops(expected.dropped) },
          response: NO_OBLIGATIONS,
        };
        const { sent, answered } = throughBothPhases(format.path, body, said, expected.answer);
        // Only indices may differ; they are the numbers without a fraction, sign or exponent that stand for one.
        const isScore = (number: string) => /[.e]/.test(number);
        expect(numbersIn(answered).filter(isScore)).toEqual(numbersIn(expected.answer).filter(isScore));
        if (!format.topN || topN === null) return;
        const left = expected.sent[0]!.length;
        const repaired = expected.dropped.length > 0 ? Math.min(topN, left) : topN;
        expect((JSON.parse(sent) as { top_n: number }).top_n).toBe(repaired);
      }),
      runs,
    );
  });
});
