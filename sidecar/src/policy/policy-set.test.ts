import { beforeAll, describe, expect, test } from '@jest/globals';
import { type CompiledPolicy, codeOf } from '@rankguard/contract';
import fc from 'fast-check';
import { compilePolicy } from '../../../test/support/opa-policy.ts';
import { createPolicySet } from './index.ts';

const READERS = `
allow if "readers" in input.identity.groups
deny contains {"code": "TOO_MANY", "message": sprintf("%d documents", [count(input.request.documents)])} if {
	count(input.request.documents) > data.most
}
drop contains {"index": d.index, "reason": "NOT_AUTHORISED"} if {
	some d in input.request.documents
	not d.fields.team in data.teams
}
mask contains {"path": "documents[*].fields.email", "with": "token"}
limit contains {"documents": 50, "truncate": true}
`;
const RESPONSE =
  'deny contains {"code": "EMPTY", "message": "no results"} if { input.phase == "response"; count(input.response.results) == 0 }';

let readers: CompiledPolicy;
let response: CompiledPolicy;
let odd: CompiledPolicy;
beforeAll(() => {
  const documents = { '*': { index: true, fields: { team: true } } } as const;
  readers = compilePolicy(READERS, {
    name: 'shop/readers',
    data: JSON.stringify({ teams: ['a', 'b'], most: 4 }),
    projection: { identity: { groups: true }, request: { documents } },
  });
  response = compilePolicy(RESPONSE, {
    name: 'cluster',
    projection: { phase: true, response: { results: { '*': {} } } },
  });
  odd = compilePolicy('deny contains {"code": "lower", "message": "x"} if input.request.documents', {
    name: 'shop/odd',
    projection: { request: { documents: {} } },
  });
});

const facts = (groups: readonly string[], teams: readonly string[], phase = 'request') => ({
  phase,
  identity: { groups, subject: 'ada' },
  request: {
    documents: teams.map((team, index) => ({ index, text: 'secret', fields: { team, email: 'a@b.c' } })),
  },
  response: { results: [] },
});

describe('a policy set', () => {
  test('decides on the facts and unites what the policies say', () => {
    const { decide } = createPolicySet([response, readers]);
    expect(decide(facts(['readers'], ['a', 'z', 'b']), 'request')).toEqual({
      verdict: {
        kind: 'allow',
        by: ['shop/readers'],
        obligations: {
          mask: [{ path: 'documents[*].fields.email', with: 'token', policy: 'shop/readers' }],
          drop: [{ index: 1, reason: 'NOT_AUTHORISED', policy: 'shop/readers' }],
          limit: { documents: 50, truncate: true, policy: 'shop/readers' },
          rank: [],
        },
      },
      shadow: [],
      disagreements: [],
    });
    expect(decide(facts(['readers'], ['a', 'a', 'a', 'a', 'a']), 'request').verdict).toEqual({
      kind: 'deny',
      reason: { code: 'POLICY_DENY', policyCode: 'TOO_MANY', message: '5 documents', policy: 'shop/readers' },
      others: [],
    });
    expect(decide(facts([], ['a']), 'request').verdict).toMatchObject({ reason: { code: 'NOT_ALLOWED' } });
    expect(decide(facts([], ['a'], 'response'), 'response').verdict).toMatchObject({
      reason: { policyCode: 'EMPTY', policy: 'cluster' },
    });
  });

  test('tells whether the phases can be told apart', () => {
    expect(createPolicySet([readers]).seesResponse).toBe(false);
    expect(createPolicySet([readers, response]).seesResponse).toBe(true);
    expect(createPolicySet([{ ...readers, projection: true }]).seesResponse).toBe(true);
    expect(createPolicySet([]).seesResponse).toBe(false);
  });

  test('its projection is what any of its policies reaches', () => {
    expect(createPolicySet([readers, response, odd]).projection).toEqual({
      phase: true,
      identity: { groups: true },
      request: { documents: { '*': { index: true, fields: { team: true } } } },
      response: { results: { '*': {} } },
    });
  });

  test('without policies nobody is allowed', () => {
    expect(createPolicySet([]).decide(facts(['readers'], []), 'request').verdict).toMatchObject({
      kind: 'deny',
      reason: { code: 'NOT_ALLOWED' },
    });
  });

  test('output that is malformed denies with the policy named', () => {
    const { verdict } = createPolicySet([readers, odd]).decide(facts(['readers'], ['a']), 'request');
    expect(verdict).toMatchObject({ kind: 'deny', reason: { code: 'POLICY_FAULT', policy: 'shop/odd' } });
  });

  test.each<[string, () => unknown]>([
    [
      'a cycle',
      () => {
        const cycle: Record<string, unknown> = { identity: {} };
        (cycle['identity'] as Record<string, unknown>)['groups'] = cycle;
        return cycle;
      },
    ],
    ['a bigint', () => ({ identity: { groups: [1n] } })],
    ['undefined', () => undefined],
    ['a lone surrogate', () => facts(['\ud800'], [])],
    [
      'a getter that throws',
      () => ({
        get identity() {
          throw new Error('broken');
        },
      }),
    ],
  ])('facts that are %s deny, and the next call works', (_, make) => {
    const { decide } = createPolicySet([readers]);
    expect(decide(make(), 'request').verdict).toMatchObject({
      kind: 'deny',
      reason: { code: 'POLICY_FAULT' },
    });
    expect(decide(facts(['readers'], ['a']), 'request').verdict.kind).toBe('allow');
  });

  test('warming changes no decision', () => {
    const { decide, warm } = createPolicySet([readers, response]);
    warm([facts(['readers'], ['a', 'z']), undefined, {}]);
    expect(decide(facts(['readers'], ['a']), 'request').verdict.kind).toBe('allow');
  });

  test('refuses an unfit module, by name', () => {
    let error: unknown;
    try {
      createPolicySet([readers, { ...odd, wasm: Buffer.from('\0asm').toString('base64') }]);
    } catch (thrown) {
      error = thrown;
    }
    expect(codeOf(error)).toBe('POLICY_FAULT');
    expect((error as Error).message).toContain('shop/odd');
  });

  test('for any facts: exactly the documents of other teams are dropped', () => {
    const { decide } = createPolicySet([
      { ...readers, data: JSON.stringify({ teams: ['a', 'é🎉'], most: 100 }) },
    ]);
    const team = fc.oneof(fc.constantFrom('a', 'b', 'é🎉', ''), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.array(team, { maxLength: 20 }), (teams) => {
        const { verdict } = decide(facts(['readers'], teams), 'request');
        if (verdict.kind !== 'allow') return false;
        const expected = teams.flatMap((name, index) => (['a', 'é🎉'].includes(name) ? [] : [index]));
        expect(verdict.obligations.drop.map(({ index }) => index)).toEqual(expected);
        return true;
      }),
    );
  });
});
