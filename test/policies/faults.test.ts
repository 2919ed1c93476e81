import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { leaksIn } from '../support/personal.ts';
import { GOOD, type Setup, setUp } from '../support/setup.ts';

/** `other` has the package, the helper, the rule names and the data names of the connection's first policy. */
const SAME = `package rankguard.e2e

allow if helper

deny contains {"code": "NO", "message": data.settings.message} if {
	not helper
	data.settings.deny
}

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	some document in input.request.documents
	contains(document.text, data.settings.secret)
}

helper if not contains(input.request.query, data.settings.word)
`;
/** The connection's first policy, where the helper is something else. */
const FIRST = `package rankguard.e2e

limit contains {"documents": helper}

helper := 100
`;
const settings = (name: string, word: string, deny: boolean) => ({
  settings: { word, deny, message: `${name} says no`, secret: `only ${name}` },
});

async function withPolicies(names: readonly string[], use: (setup: Setup) => Promise<void>): Promise<void> {
  const all = {
    open: { name: 'open', rego: SAME, data: settings('OPEN', 'nothing-has-this', false) },
    strict: { name: 'strict', rego: SAME, data: settings('STRICT', 'secret', true) },
    shadow: { name: 'shadow', rego: SAME, data: settings('SHADOW', 'q', true), mode: 'shadow' },
  } as const;
  const more = names.map((name) => all[name as keyof typeof all]);
  const setup = await setUp({ rego: FIRST, more });
  try {
    await use(setup);
  } finally {
    await setup.close();
  }
}

describe('policies with the same package, helper and data names', () => {
  test.each([[['open', 'strict', 'shadow']], [['shadow', 'strict', 'open']]])(
    'never influence each other: %j',
    async (names) => {
      await withPolicies(names, async (setup) => {
        const texts = ['a', 'only OPEN', 'only STRICT', 'only SHADOW'];
        const allowed = await setup.send({ body: { query: 'q', texts, return_text: true } });
        expect(allowed.status).toBe(200);
        // Each drops by its own data, and the one in shadow drops nothing.
        expect(JSON.parse(setup.upstream.calls[0]!.body.toString()).texts).toEqual(['a', 'only SHADOW']);
        const record = await setup.guard.callOf(allowed.headers.get('rankguard-request-id') ?? '');
        expect(record.shadow).toEqual([{ policy: 'e2e/shadow', code: 'NO' }]);
        const denied = await setup.send({ body: { query: 'secret', texts } });
        expect(denied.json()).toMatchObject({
          reason: 'POLICY_DENY',
          code: 'NO',
          policy: 'e2e/strict',
          detail: 'STRICT says no',
        });
        expect(setup.upstream.calls).toHaveLength(1);
      });
    },
    60_000,
  );
});

/** What can go wrong in a policy while it runs, each when the query asks for it, and in the phase that it asks for. */
const WRONG = {
  'two values of one rule': `deny contains {"code": "A", "message": which} if asked("two values of one rule")

which := x if some x in ["a", "b"]`,
  'a builtin that fails': `deny contains {"code": "A", "message": "m"} if {
	asked("a builtin that fails")
	units.parse(input.request.query) > 3
}`,
  'a loop without end': `deny contains {"code": "A", "message": "m"} if {
	asked("a loop without end")
	some a in numbers.range(1, 3000)
	some b in numbers.range(1, 3000)
	a * b == -1
}`,
  'a message that is no text': `deny contains {"code": "A", "message": message} if {
	asked("a message that is no text")
	message := input.request.counts
}`,
  'a drop of a place that is none': `drop contains {"index": place, "reason": "R"} if {
	asked("a drop of a place that is none")
	place := 0 - input.request.counts.documents
}`,
  'a limit of no number': `limit contains {"documents": input.request.query} if asked("a limit of no number")`,
  'a mask that is nowhere': `mask contains {"path": input.request.query, "with": "redact"} if asked("a mask that is nowhere")`,
  'a mask that needs a key': `mask contains {"path": "query", "with": "token"} if asked("a mask that needs a key")`,
  'a floor of text': `rank contains {"verb": "floor", "min_score": input.request.query} if asked("a floor of text")`,
  'contradictory reorders': `rank contains {"verb": "reorder", "index": 1, "move": "boost"} if asked("contradictory reorders")`,
  'reorders by other places': `rank contains {"verb": "reorder", "index": 1, "move": "boost", "places": 2} if asked("reorders by other places")`,
} as const;
const FAULTY = `package rankguard.faulty

asked(what) if input.request.query == concat("", [input.phase, ": ", what])

${Object.values(WRONG).join('\n\n')}
`;
/** Contradicts the faulty one: neither is wrong alone. */
const CONTRARY = `package rankguard.contrary

rank contains {"verb": "reorder", "index": 1, "move": "demote"} if contains(input.request.query, "contradictory")

rank contains {"verb": "reorder", "index": 1, "move": "boost", "places": 1} if {
	contains(input.request.query, "other places")
}
`;

describe('a policy that goes wrong', () => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp({
      rego: 'package rankguard.e2e\n\nallow if "readers" in input.identity.groups\n',
      more: [
        { name: 'faulty', rego: FAULTY },
        { name: 'contrary', rego: CONTRARY },
      ],
      order: 'score-then-mask',
    });
  }, 60_000);
  afterEach(() => setup.fresh());
  afterAll(() => setup.close());

  const cases = Object.keys(WRONG).flatMap((what) =>
    (['request', 'response'] as const).map((phase) => [what, phase] as const),
  );
  test.each(cases)(
    '%s in the %s phase: a denial that names the policy, nothing passes, and the next call does',
    async (what, phase) => {
      const response = await setup.send({ body: { ...GOOD.tei, query: `${phase}: ${what}` } });
      const body = response.json();
      expect([response.status, body['reason']]).toEqual([
        500,
        what === 'a loop without end' ? 'POLICY_RUNAWAY' : 'POLICY_FAULT',
      ]);
      expect(body['policy']).toMatch(/^e2e\/(?:faulty|contrary)$/);
      expect(response.headers.get('rankguard-decision')).toBe('fault');
      expect(leaksIn(response.bytes)).toEqual([]);
      const ranks = /reorder/.test(what);
      // What a ranking comes to is known when there is one.
      expect(setup.upstream.calls).toHaveLength(phase === 'response' || ranks ? 1 : 0);
      const record = await setup.guard.callOf(response.headers.get('rankguard-request-id') ?? '');
      expect(record).toMatchObject({ verdict: 'fault', reason: body['reason'], policy: body['policy'] });
      expect((await setup.send({ body: GOOD.tei })).status).toBe(200);
    },
    30_000,
  );

  test('undefined is silence: no rule speaks, and nothing is allowed that nobody allows', async () => {
    const token = await setup.tokenWith({ groups: null });
    const response = await setup.send({ token, body: GOOD.tei });
    expect(response.json()).toMatchObject({ reason: 'NOT_ALLOWED' });
    expect(setup.upstream.bytes).toBe(0);
  });
});
