import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { Facts, Projection } from '@rankguard/contract';
import { project } from '@rankguard/sidecar/policy';
import fc from 'fast-check';
import type { Module } from '../ast.ts';
import { createNames } from '../names.ts';
import { createOpa, type OpaDirectory } from '../opa/index.ts';
import { cannedFacts } from '../try-out.ts';
import { reachableFacts } from './index.ts';

const obtain = fileURLToPath(new URL('../../../tools/opa.sh', import.meta.url));
const opa = createOpa({ path: () => execFileSync('sh', [obtain], { encoding: 'utf8' }).trim() });

async function reachOf(directory: OpaDirectory, file: string, text: string) {
  await directory.write(file, text);
  const { stdout, stderr } = await directory.run(['parse', '--format', 'json', file]);
  if (stderr) throw new Error(`${stderr}\n${text}`);
  const modules = [{ file, ast: JSON.parse(stdout) as Module }];
  return reachableFacts(modules, createNames(modules));
}

/** What the rules of one module reach. */
function projectionOf(rules: string): Promise<Projection> {
  return opa.inDirectory(
    async (directory) => (await reachOf(directory, 'p.rego', `package rankguard.p\n${rules}\n`)).projection,
  );
}

const ALL_DOCUMENTS: Projection = { request: { documents: true } };
const docs = (element: Projection): Projection => ({ request: { documents: { '*': element } } });

describe('what a rule can reach', () => {
  const table: readonly (readonly [string, string, Projection])[] = [
    ['nothing', 'r if data.x', {}],
    ['a direct reference', 'r if input.identity.subject == "a"', { identity: { subject: true } }],
    [
      'a member of claims',
      'r if input.identity.claims.realm.roles[_] == 1',
      { identity: { claims: { realm: { roles: true } } } },
    ],
    ['a claim by variable', 'r if input.identity.claims[data.k]', { identity: { claims: true } }],
    ['every element by wildcard', 'r if input.request.documents[_].text == "a"', docs({ text: true })],
    ['one element by number', 'r if input.request.documents[0].id == "a"', docs({ id: true })],
    [
      'a loop',
      'r if {\n some d in input.request.documents\n d.index > 1\n not d.fields.a\n}',
      docs({ fields: { a: true }, index: true }),
    ],
    [
      'a loop with index',
      'r contains i if {\n some i, d in input.request.documents\n d.id == "a"\n}',
      docs({ id: true }),
    ],
    [
      'a loop over a loop variable',
      'r if {\n some d in input.request.documents\n some k in d.fields.tags\n k == "a"\n}',
      docs({ fields: { tags: true } }),
    ],
    ['every', 'r if every d in input.request.documents { d.index < 3 }', docs({ index: true })],
    [
      'a name for an element',
      'r if {\n d := input.request.documents[_]\n d.id == "a"\n}',
      docs({ id: true }),
    ],
    [
      'a name for a container',
      'r if {\n q := input.request\n q.query == "a"\n}',
      { request: { query: true } },
    ],
    ['a name that nothing uses', 'r if d := input.request.documents[_]', docs({})],
    [
      'a name for a claim, which may be absent',
      'r if {\n c := input.identity.claims.a\n not c.b\n}',
      { identity: { claims: { a: true } } },
    ],
    ['count of a list of objects', 'r if count(input.request.documents) > 3', docs({})],
    ['count of a list of texts', 'r if count(input.identity.groups) > 3', { identity: { groups: true } }],
    ['count of a text', 'r if count(input.request.query) > 3', { request: { query: true } }],
    ['count of claims', 'r if count(input.identity.claims) > 3', { identity: { claims: true } }],
    ['an element used whole', 'r contains d if some d in input.request.documents', docs(true)],
    [
      'an element handed to a builtin',
      'r if {\n some d in input.request.documents\n json.marshal(d) == ""\n}',
      docs(true),
    ],
    ['a pattern in place of a variable', 'r if some {"id": "a"} in input.request.documents', ALL_DOCUMENTS],
    ['taking an element apart', 'r contains i if {"index": i} := input.request.documents[_]', docs(true)],
    ['equality binds nothing', 'r if {\n d = input.request.documents[_]\n d.id == "a"\n}', docs(true)],
    ['membership', 'r if "a" in input.identity.groups', { identity: { groups: true } }],
    [
      'a comprehension',
      'r := [d.id | some d in input.request.documents; d.index > 1]',
      docs({ id: true, index: true }),
    ],
    [
      'object.get of one member',
      'r if object.get(input.identity.claims, "a", 0) == 1',
      { identity: { claims: { a: true } } },
    ],
    [
      'object.get of a path',
      'r if object.get(input.identity.claims, ["a", "b"], 0) == 1',
      { identity: { claims: { a: { b: true } } } },
    ],
    [
      'object.get of a variable member',
      'r if object.get(input.identity.claims, data.k, 0) == 1',
      { identity: { claims: true } },
    ],
    [
      'a helper',
      'r if {\n some d in input.request.documents\n f(d)\n}\nf(x) if x.id == "a"',
      docs({ id: true }),
    ],
    [
      'a helper of a helper',
      'r if g(input.request)\ng(x) if f(x.documents[0])\nf(x) if x.id == "a"',
      docs({ id: true }),
    ],
    ['a helper with a pattern', 'r if f(input.request.documents[0])\nf({"id": "a"}) := true', docs(true)],
    [
      'a helper that returns its argument',
      'r := f(input.request.documents[0])\nf(x) := x.fields',
      docs({ fields: true }),
    ],
    [
      'a helper with two definitions',
      'r if f(input.identity)\nf(x) if x.kind == "user"\nf(x) if x.subject == "a"',
      { identity: { kind: true, subject: true } },
    ],
    [
      'an else branch',
      'r := f(input.identity)\nf(x) := 1 if x.kind == "user"\nelse := 2 if x.subject == "a"',
      { identity: { kind: true, subject: true } },
    ],
    ['a rule that is a container', 'ds := input.request.documents\nr if ds[_].id == "a"', ALL_DOCUMENTS],
    ['an import', 'import input.request as req\nr if req.query == "a"', { request: { query: true } }],
    [
      'an import of a list',
      'import input.request.documents\nr if documents[_].id == "a"',
      docs({ id: true }),
    ],
    ['all of the input', 'r if f(input)\nf(x) if json.marshal(x) == ""', true],
    ['a member by variable', 'r if input[data.k]', true],
    ['with input', 'r if q with input as {"a": 1}\nq if input.request.query == "a"', true],
    [
      'a text with values in it',
      'r := $"{input.request.query} and {input.request.model}"',
      { request: { model: true, query: true } },
    ],
    ['a value inside brackets', 'r if data.x[input.request.model].y', { request: { model: true } }],
    [
      'the same name in another scope',
      'r if {\n some d in input.request.documents\n d.id == "a"\n x := [1 | some d in input.response.results; d.rank == 1]\n}',
      {
        request: { documents: { '*': { id: true } } },
        response: { results: { '*': { id: true, rank: true } } },
      },
    ],
    ['a member called *', 'r if input.identity.claims["*"]', { identity: { claims: true } }],
    ['a rule called count', 'count(x) := x.text\nr if count(input.request.documents[0]) == 1', true],
  ];
  test.each(table)('%s', async (_, rules, expected) => {
    expect(await projectionOf(rules)).toEqual(expected);
  });
});

const facts = fc
  .record({
    count: fc.integer({ min: 0, max: 3 }),
    phase: fc.constantFrom('request' as const, 'response' as const),
    query: fc.constantFrom('a', 'b', null),
    groups: fc.subarray(['a', 'b', 'c']),
    claims: fc.dictionary(fc.constantFrom('a', 'b', 'k'), value(), { maxKeys: 3 }),
    fields: fc.array(fc.dictionary(fc.constantFrom('a', 'b'), value(), { maxKeys: 2 }), {
      minLength: 3,
      maxLength: 3,
    }),
  })
  .map(({ count, phase, query, groups, claims, fields }): Facts => {
    const base = cannedFacts(phase, count);
    const documents = base.request.documents.map((document, index) => ({
      ...document,
      id: ['a', null, 'b'][index] ?? null,
      fields: fields[index] ?? {},
    }));
    return {
      ...base,
      identity: { ...base.identity, groups, claims },
      request: { ...base.request, query, documents },
    };
  });

function value(): fc.Arbitrary<unknown> {
  return fc.constantFrom<unknown>(false, 0, 1, 'a', null, [], ['a'], {}, { b: 1 }, { b: false }, [{ b: 1 }]);
}

const LIST = 'input.request.documents';
/** Statements of a body; `D` is a variable that an earlier statement may have bound to a document. */
const OPENINGS = [
  `some D in ${LIST}`,
  `some i, D in ${LIST}`,
  `D := ${LIST}[_]`,
  `D := ${LIST}[1]`,
  `D = ${LIST}[_]`,
  `ds := ${LIST}\n  some D in ds`,
  `D := input.identity`,
  `req := input.request\n  some D in req.documents`,
];
const STATEMENTS = [
  'D.index > 0',
  'D.id == "a"',
  'not D.fields.a',
  'D.fields.a.b == 1',
  'D.fields[k1]',
  'some t1 in D.fields.a',
  'helper(D)',
  'not helper(D)',
  'deep(D).b == 1',
  'pattern(D)',
  'object.get(D, "id", "none") == "a"',
  'object.get(D.fields, ["a", "b"], 0) == 1',
  `count(${LIST}) > 1`,
  'count(D.fields) > 0',
  'count(input.identity.claims) > 1',
  'count(input.identity.groups) > 1',
  `every e in ${LIST} { e.index < 2 }`,
  `every e in ${LIST} { not e.fields.a }`,
  'input.identity.claims.a == 1',
  'not input.identity.claims.a',
  'c1 := input.identity.claims.a\n  not c1.b',
  'c2 := input.identity.claims.b\n  c2[_] == "a"',
  'c3 := input.identity\n  c3.claims.k',
  'x1 := input.request\n  x1.query == "a"',
  'not input.request.query',
  'input.request.query != "a"',
  '"b" in input.identity.groups',
  `x2 := [y.id | some y in ${LIST}; y.index > 0]\n  count(x2) > 0`,
  `x3 := {y | y := ${LIST}[_].fields}\n  count(x3) > 1`,
  `x4 := {y.id: y.fields | some y in ${LIST}}\n  x4.a.a`,
  `{"id": "a"} in [{"id": y.id} | some y in ${LIST}]`,
  `x5 := [1 | some D in input.response.results; D.rank == 0]\n  count(x5) == 0`,
  'walk(input.identity.claims, [p, 1])',
  'other with input.request.query as "a"',
  'input.phase == "response"',
  'input.response.results[_].score > 0.4',
  `json.marshal(${LIST}[0]) != ""`,
];
const OUTPUTS = [
  '1',
  'D',
  'D.id',
  '[D.index, D.fields.a]',
  'input.request.query',
  'count(input.request.documents)',
];
const HELPERS = `
helper(x) if x.id == "a"
helper(x) if x.fields.b
deep(x) := y if y := x.fields.a
pattern({"id": "a", "index": i, "text": _, "fields": _}) if i >= 0
default other := false
other if input.request.query == "a"
`;

const rule = fc
  .tuple(
    fc.constantFrom(...OPENINGS),
    fc.uniqueArray(fc.constantFrom(...STATEMENTS), { maxLength: 3 }),
    fc.constantFrom(...OUTPUTS),
  )
  .map(([opening, statements, output]) => {
    const body = [opening, ...statements].map((statement) => `  ${statement}`).join('\n');
    return `out contains ${output} if {\n${body}\n}`.replaceAll('D', 'd');
  });
const policy = fc.array(rule, { minLength: 1, maxLength: 2 }).map((rules) => `${rules.join('\n')}${HELPERS}`);

describe('soundness', () => {
  test('projected facts give what all the facts give, in OPA itself', async () => {
    const batch = fc.tuple(
      fc.array(policy, { minLength: 40, maxLength: 40 }),
      fc.array(facts, { minLength: 25, maxLength: 25 }),
    );
    await fc.assert(
      fc.asyncProperty(batch, ([policies, calls]) =>
        opa.inDirectory(async (directory) =>
          expect(await differences(directory, policies, calls)).toEqual([]),
        ),
      ),
      { numRuns: 1, endOnFailure: true },
    );
  }, 60_000);
});

/** Evaluates every policy on every call, whole and projected, in one process; at most one difference. */
async function differences(directory: OpaDirectory, policies: readonly string[], calls: readonly Facts[]) {
  const cases: { readonly name: string; readonly facts: unknown }[] = [];
  const files: string[] = [];
  for (const [index, text] of policies.entries()) {
    const name = `p${index}`;
    const { projection } = await reachOf(directory, `${name}.rego`, `package rankguard.${name}\n${text}`);
    for (const call of calls) cases.push({ name, facts: call }, { name, facts: project(call, projection) });
    files.push('-d', `${name}.rego`);
  }
  await directory.write('cases.json', JSON.stringify({ cases }));
  // One `with` in a body, and of a plain variable: OPA 1.22 mixes up the inputs of two, and those of references.
  const query =
    '[out | some c in data.cases; facts := c.facts; out := data.rankguard[c.name].out with input as facts]';
  const { stdout, stderr } = await directory.run(['eval', '-d', 'cases.json', ...files, '-f', 'json', query]);
  const answer = JSON.parse(stdout || '{}') as { result?: { expressions: { value: unknown[] }[] }[] };
  const outputs = answer.result?.[0]?.expressions[0]?.value;
  if (outputs?.length !== cases.length) throw new Error(stderr || stdout);
  for (let at = 0; at < cases.length; at += 2) {
    const [whole, projected] = [outputs[at], outputs[at + 1]];
    if (JSON.stringify(whole) === JSON.stringify(projected)) continue;
    const policy = policies[Number(cases[at]?.name.slice(1))];
    return [{ policy, facts: JSON.stringify(cases[at]?.facts), whole, projected }];
  }
  return [];
}
