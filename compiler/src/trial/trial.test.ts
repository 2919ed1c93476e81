import { describe, expect, test } from '@jest/globals';
import { FactsSchema } from '@rankguard/contract';
import Value from 'typebox/value';
import { readCases } from '../cases/read.ts';
import { completeFacts, readFacts, synthesise } from './index.ts';

const constants = { strings: ['medical', 'search-readers', 'publisher'], numbers: [42] };

describe('synthetic calls', () => {
  const calls = synthesise({ count: 300, seed: 7, constants });

  test('are facts, by the schema that the sidecar gathers them by', () => {
    for (const facts of calls) expect([...Value.Errors(FactsSchema, facts)]).toEqual([]);
  });

  test('are the same for the same seed, and others for another', () => {
    expect(synthesise({ count: 300, seed: 7, constants })).toEqual(calls);
    expect(synthesise({ count: 300, seed: 8, constants })).not.toEqual(calls);
  });

  test('hang together: indices, counts, and results of the candidates, best first', () => {
    for (const { phase, request, response } of calls) {
      expect(request.documents.map(({ index }) => index)).toEqual(request.documents.map((_, at) => at));
      expect(request.counts.documents).toBe(request.documents.length);
      if (phase === 'request') expect(response).toEqual({ status: 0, results: [], rows: 0, bytes: 0 });
      const scores = response.results.map(({ score }) => score).filter((score) => score !== null);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      for (const [rank, result] of response.results.entries()) {
        expect(result.rank).toBe(rank);
        expect(result.fields).toEqual(request.documents[result.index]!.fields);
      }
    }
  });

  test('hold what the policy speaks of, in both phases, with few and with many candidates', () => {
    const text = JSON.stringify(calls);
    for (const value of constants.strings) expect(text).toContain(`"${value}"`);
    expect(new Set(calls.map(({ phase }) => phase)).size).toBe(2);
    const counts = calls.map(({ request }) => request.documents.length);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([0, 100]);
    expect(calls.some(({ request }) => request.counts.bytes === 42)).toBe(true);
  });
});

describe('facts of which only some are given', () => {
  test('are total, and what follows from others does', () => {
    const given = {
      phase: 'response',
      'identity.groups': ['readers'],
      request: { documents: [{ id: 'a', fields: { team: 'x' } }, {}] },
      'response.results': [{ index: 1, score: 0.5 }, { index: 0 }],
    };
    const { facts, problems } = completeFacts(given);
    expect(problems).toEqual([]);
    expect([...Value.Errors(FactsSchema, facts)]).toEqual([]);
    expect(facts.identity.groups).toEqual(['readers']);
    expect(facts.request.counts.documents).toBe(2);
    expect(facts.response).toMatchObject({
      status: 200,
      rows: 2,
      results: [
        { index: 1, rank: 0, id: null, score: 0.5 },
        { index: 0, rank: 1, id: 'a', fields: { team: 'x' } },
      ],
    });
  });

  test.each([
    [
      { 'identity.group': ['x'] },
      /input\.identity\.group is not a fact; did you mean input\.identity\.groups\?/,
    ],
    [{ identity: { groups: 'x' } }, /input\.identity\.groups is a list/],
    [{ 'request.counts.documents': 'many' }, /input\.request\.counts\.documents is integer/],
    [{ 'request.documents': [{ txt: 'x' }] }, /input\.request\.documents\[_\]\.txt is not a fact/],
    [{ 'identity.claims': [] }, /input\.identity\.claims is an object/],
  ])('%j is a problem', (given, message) => {
    expect(completeFacts(given).problems).toEqual([expect.stringMatching(message)]);
  });

  test('may be those of a record', () => {
    expect(readFacts('{"id": "x", "facts": {"identity": {"subject": "ada"}}}').facts.identity.subject).toBe(
      'ada',
    );
    expect(readFacts('identity.subject: ada').facts.identity.subject).toBe('ada');
  });
});

describe('a table of cases', () => {
  test('has lines, defaults and facts', () => {
    const text =
      'defaults: {identity.groups: [a], request.dataset: x}\ncases:\n- name: one\n  input: {request.dataset: y}\n  expect: {allow: true}\n- {expect: {deny: []}}\n';
    const { cases, problems } = readCases('cases.yaml', text);
    expect(problems).toEqual([]);
    expect(cases.map(({ name, line }) => [name, line])).toEqual([
      ['one', 3],
      ['case 2', 6],
    ]);
    expect(cases[0]!.facts).toMatchObject({ identity: { groups: ['a'] }, request: { dataset: 'y' } });
    expect(cases[1]!.facts.request.dataset).toBe('x');
  });

  test.each([
    ['- {name: a, inputs: {}, expect: {allow: true}}', 'a case has no "inputs"; it has name, input, expect'],
    [
      '- {name: a, expect: {}}',
      'a: expect says what must come of it: allow, deny, hold, mask, drop, rank, limit',
    ],
    ['- {name: a, expect: {denied: []}}', 'a: there is no "denied" to expect; there is allow, deny'],
    ['- {name: a, expect: {deny: X}}', 'a: deny is a list; [] says that there is none'],
    ['- {name: a, input: {identity.group: []}, expect: {deny: []}}', 'a: input.identity.group is not a fact'],
    ['name: a', 'cases are a list, or an object with a list called cases'],
    ['- [', ''],
  ])('%s is a problem with its line', (text, message) => {
    const { problems } = readCases('cases.yaml', `\n${text}\n`);
    expect(problems[0]).toMatchObject({
      severity: 'error',
      file: 'cases.yaml',
      message: expect.stringContaining(message),
    });
    expect(problems[0]!.line).toBeGreaterThanOrEqual(1);
  });
});
