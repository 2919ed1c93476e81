import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@rankguard/contract';
import fc from 'fast-check';
import { opaEval } from '../../../../test/support/opa-policy.ts';
import { HOST_BUILTIN_RUNNER, HOST_BUILTINS } from './index.ts';

/** A builtin's name and the text of its arguments, which is Rego and what a module dumps alike. */
type Call = readonly [name: string, ...args: string[]];
// A byte order mark is illegal in a Rego file.
const text = (value: string): string => JSON.stringify(value).replaceAll('\ufeff', '\\ufeff');

/** What opa eval makes of each call; undefined where the builtin reports an error. */
function oracle(calls: readonly Call[]): unknown[] {
  // Arguments come through variables so that the type checker does not refuse wrong types at compile time.
  const arities = [...new Set(calls.map(([name, ...args]) => `${name}/${args.length}`))];
  const rules = arities.map((arity) => {
    const [name = '', count] = arity.split('/');
    const args = Array.from({ length: Number(count) }, (_, at) => `args[${at}]`).join(', ');
    return `r[i] := v if { some i, args in calls["${arity}"]; v := ${name}(${args}) }`;
  });
  const lists = arities.map((arity) => {
    const own = calls.flatMap(([name, ...args], index) =>
      `${name}/${args.length}` === arity ? [`"${index}": [${args.join(', ')}]`] : [],
    );
    return `calls["${arity}"] := {${own.join(', ')}}`;
  });
  const results = opaEval('data.t.r', ['package t', ...rules, ...lists].join('\n')) as Record<
    string,
    unknown
  >;
  return calls.map((_, index) => results[String(index)]);
}

function ours([name, ...args]: Call): unknown {
  try {
    return JSON.parse(HOST_BUILTIN_RUNNER.run(name, args, () => undefined));
  } catch (error) {
    if (codeOf(error) === 'POLICY_FAULT') return undefined;
    throw error;
  }
}

function agree(calls: readonly Call[]): void {
  const expected = oracle(calls);
  expect(calls.map((call) => [call, ours(call)])).toEqual(
    calls.map((call, index) => [call, expected[index]]),
  );
}

const NUMBERS = [
  '0',
  '1',
  '-1',
  '42',
  '-255',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
];
const BIG = ['9223372036854775808', '-123456789012345678901234567890'];
const FLOATS = [
  '0.5',
  '2.5',
  '-1.25',
  '1.0',
  '100000.0',
  '1e6',
  '123456789.5',
  '1e21',
  '1e-7',
  '3.14159',
  '0.1',
  '-0.0',
];
const FLOATS_2 = ['5e-324', '1.7976931348623157e308', '0.000123', '12345.678', '1e400'];
const TEXTS = [
  '',
  'hi',
  'héllo "quoted"',
  'tab\tnew\n\u0007\u0000',
  '日本語 🎉',
  'a`b',
  '\u00ad\u200b\ufeff',
  '\u007f\u0085',
].map(text);
const OTHERS = [
  'true',
  'null',
  '[1, "a", [2.50, null]]',
  '{"b": [1], "a": {3, 1, 2}}',
  'set()',
  '{"x"}',
  '{}',
  '[]',
  '{1: "a", "k": set()}',
];
const VALUES = [...NUMBERS, ...BIG, ...FLOATS, ...FLOATS_2, ...TEXTS, ...OTHERS];
const VERBS = [...'vdsqxXobOcUeEfFgGtTyz%', 'é'];
const FLAGS = ['', '+', '-', '#', ' ', '0', '+#', '-0', '0+', '# '];
const WIDTHS = ['', '8', '20'];
const PRECISIONS = ['', '.', '.0', '.3', '.12'];

describe('sprintf prints what Go prints', () => {
  test('every verb for every kind of value', () => {
    agree(
      VERBS.flatMap((verb) => VALUES.map((value): Call => ['sprintf', text(`<%${verb}>`), `[${value}]`])),
    );
  });

  test('%w, which wraps errors and so fits nothing (big integers aside, where Go shows its own insides)', () => {
    const small = VALUES.filter((value) => !BIG.includes(value));
    agree(small.map((value): Call => ['sprintf', text('%w %+w'), `[${value}, 1]`]));
  });

  test('flags, widths and precisions', () => {
    const specs = FLAGS.flatMap((flag) => WIDTHS.flatMap((width) => PRECISIONS.map((p) => flag + width + p)));
    const picked = [
      '42',
      '-255',
      '0',
      '9223372036854775808',
      '-1.25',
      '123456789.5',
      '0.0',
      text('hé"y'),
      '[1]',
    ];
    const verbs = [...'vdqxXobcUeEgGfsO'];
    const calls = specs.flatMap((spec, index) =>
      picked.flatMap((value, at) => {
        // A third of all combinations, spread evenly: each meets each other one somewhere.
        const some = verbs.filter((_, verb) => (verb + index + at) % 3 === 0);
        return some.map((verb): Call => ['sprintf', text(`<%${spec}${verb}>`), `[${value}]`]);
      }),
    );
    agree(calls);
  });

  test('missing, extra and misplaced arguments', () => {
    const formats = [
      '%',
      '%%',
      '100%',
      '%!',
      '%d %d',
      '%[2]d %[1]d',
      '%[3]d',
      '%[0]d',
      '%[x]d',
      '%[1]',
      '%[',
      '%[]d',
    ];
    const stars = [
      '%*d',
      '%-*d',
      '%.*f',
      '%[2]*[1]d',
      '%*',
      '%.*d',
      '%[1]*d',
      '%[3]*.[2]*[1]f',
      '%[1].2f',
      '%[1]5d',
    ];
    const wide = [
      '%1000000d|',
      '%1000001d',
      '%9999999999d',
      '%.[1]d',
      '%5.',
      '%+',
      '%-5',
      '%05%',
      '%#v|%+v',
      '%v %v %v %v %v',
    ];
    const lists = ['[]', '[1]', '[7, 3]', '[1.5, "x"]', '[-5, 12, 3]', '["a", "b", 4, 5]'];
    const all = [...formats, ...stars, ...wide];
    agree(all.flatMap((format) => lists.map((list): Call => ['sprintf', text(format), list])));
  }, 20_000);

  test('any mixture of them', () => {
    const piece = fc.oneof(
      fc.constantFrom('%', '[', ']', '*', '.', '#', '+', '-', ' ', '0', '1', '2', '3', 'é', 'a', '%%'),
      fc.constantFrom(...VERBS.map((verb) => `%${verb}`), '%[1]v', '%[2]s', '%5d', '%.2f', '%-8s|'),
    );
    const format = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    const list = fc
      .array(fc.constantFrom(...VALUES), { maxLength: 3 })
      .map((items) => `[${items.join(', ')}]`);
    const calls = fc.sample(fc.tuple(format, list), { numRuns: 3000, seed: 7 });
    agree(calls.map(([form, items]): Call => ['sprintf', text(form), items]));
  });

  test('floats of any size', () => {
    const verbs = fc.constantFrom(
      '%v',
      '%g',
      '%e',
      '%f',
      '%.0f',
      '%.1f',
      '%.3e',
      '%.5g',
      '%x',
      '%.2x',
      '%b',
      '%#g',
    );
    // Halves and quarters are where rounding rules differ.
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -4000, max: 4000 }).map((n) => n / 8),
    );
    const calls = fc.sample(fc.tuple(verbs, value), { numRuns: 2000, seed: 11 });
    const literal = (n: number): string => (/[.e]/.test(String(n)) ? String(n).replace('e+', 'e') : `${n}.0`);
    agree(calls.map(([verb, n]): Call => ['sprintf', text(verb), `[${literal(n)}]`]));
  });
});

describe('the other builtins agree with opa eval', () => {
  const strings = ['', 'a', 'abc', 'abcabc', 'aaaa', 'ab', 'bc', 'héé', 'é', '🎉x🎉', 'x', ' '].map(text);
  const lists = ['["a", "bc"]', '[]', '{"abc", "x"}', 'set()', '["", "zz"]', '[1]', '{"a": 1}', '7'];

  test.each(['strings.any_prefix_match', 'strings.any_suffix_match'])('%s', (name) => {
    const operands = [...strings, ...lists.slice(0, 5)];
    agree(operands.flatMap((a) => operands.map((b): Call => [name, a, b])));
    agree(
      lists.slice(5).flatMap((bad): Call[] => [
        [name, '"a"', bad],
        [name, bad, '["a"]'],
      ]),
    );
  });

  test.each(['strings.count', 'indexof_n', 'crypto.hmac.sha256'])('%s', (name) => {
    agree([...strings, '1', 'null'].flatMap((a) => [...strings, '[]'].map((b): Call => [name, a, b])));
  });

  test('object.subset', () => {
    const values = [
      ...['{}', '{"a": 1}', '{"a": 1, "b": 2}', '{"a": {"b": 1, "c": 2}}', '{"a": {"b": 1}}', '{"a": 1.0}'],
      ...['{"a": [1, 2, 3]}', '{"a": [2, 3]}', '{"a": {1, 2}}', '{"a": {1}}', '{"a": [1]}'],
      ...[
        'set()',
        '{1}',
        '{1, 2}',
        '{[1]}',
        '[]',
        '[1]',
        '[1, 1]',
        '[1, 2]',
        '[2, 1]',
        '[1, 1, 2]',
        '[1, 2, 1, 3]',
        '[1, 3]',
      ],
      ...['"a"', '1', 'null'],
    ];
    agree(values.flatMap((whole) => values.map((part): Call => ['object.subset', whole, part])));
  });

  test('hashes and encodings', () => {
    const inputs = [...strings, ...TEXTS, '1', '[]', text("!'()*-_.~ +/&=;%é")];
    const encoders = ['crypto.sha256', 'hex.encode', 'base64url.encode_no_pad', 'urlquery.encode'];
    agree(encoders.flatMap((name) => inputs.map((input): Call => [name, input])));
    const encoded = [
      '',
      '6869',
      'C3a9',
      '6',
      'zz',
      '0g',
      'a+b%20c',
      '%C3%A9',
      '%',
      '%zz',
      '%4',
      'a=1&b=2',
      'a=1&a=2&c',
    ];
    const pairs = ['=x', '&&', 'a;b', 'a=%zz', '%61=%62', 'a=b=c', '+=+', '7'];
    const decoders = ['hex.decode', 'urlquery.decode', 'urlquery.decode_object'];
    agree(decoders.flatMap((name) => [...encoded, ...pairs].map((input): Call => [name, text(input)])));
  });

  test('urlquery.encode_object', () => {
    const objects = [
      '{}',
      '{"b": "1", "a": "2 3"}',
      '{"a": ["x", "y"], "é": "ü"}',
      '{"s": {"z", "a"}}',
      '{"a": 1}',
    ];
    agree(
      [...objects, '{"a": [1]}', '[]', '"a"', '{"a": []}'].map(
        (object): Call => ['urlquery.encode_object', object],
      ),
    );
  });

  test('semver', () => {
    const versions = [
      ...[
        '1.0.0',
        '1.0.1',
        '2.0.0',
        '10.0.0',
        'v1.0.0',
        '1.0.0-alpha',
        '1.0.0-alpha.1',
        '1.0.0-alpha.beta',
        '1.0.0-beta',
      ],
      ...[
        '1.0.0-beta.2',
        '1.0.0-beta.11',
        '1.0.0-rc.1',
        '1.0.0+build',
        '1.0.0-rc.1+b.2',
        '1.0.0-1',
        '1.0.0-A',
        '1.0.0--',
      ],
      ...[
        '',
        '1',
        '1.0',
        '01.0.0',
        '1.0.0-01',
        '1.0.0-',
        '1.0.0+',
        '1.0.0.0',
        '-1.0.0',
        '9223372036854775808.0.0',
        'x.y.z',
      ],
    ].map(text);
    agree([...versions, '1', 'null'].map((version): Call => ['semver.is_valid', version]));
    agree(versions.flatMap((a) => versions.map((b): Call => ['semver.compare', a, b])));
  });

  test('units', () => {
    const amounts = [
      '0',
      '1',
      '-1',
      '+2',
      '1.5',
      '.5',
      '5.',
      '1e3',
      '1E-2',
      '1.001',
      '0.1',
      '100',
      '3.7',
      '',
      '.',
      '1.2.3',
      '1-2',
      '007',
    ];
    const units = [
      '',
      'k',
      'K',
      'm',
      'M',
      'Mi',
      'mI',
      'G',
      'gi',
      'T',
      'P',
      'E',
      'Ei',
      'e',
      'KB',
      'kib',
      'MiB',
      'eb',
      'x',
      ' k',
      '"',
      'kk',
    ];
    const inputs = amounts.flatMap((amount) => units.map((unit) => text(amount + unit)));
    agree(['units.parse', 'units.parse_bytes'].flatMap((name) => inputs.map((input): Call => [name, input])));
  });
});

describe('what the builtins may cost', () => {
  test('a width of a million is paid for before it is made', () => {
    const spent: number[] = [];
    const call = () => {
      HOST_BUILTIN_RUNNER.run('sprintf', [text('%1000000d%1000000d%1000000d'), '[1, 2, 3]'], (units) => {
        spent.push(units);
        if (spent.length === 2) throw new Error('no fuel');
      });
    };
    expect(call).toThrow('no fuel');
    expect(spent[0]).toBeGreaterThanOrEqual(1_000_000);
  });

  test('an error names the builtin and the operand but not its value', () => {
    const call = () =>
      HOST_BUILTIN_RUNNER.run('semver.compare', [text('123-45-6789'), text('1.0.0')], () => undefined);
    expect(call).toThrow('semver.compare: operand 1 is not a semantic version');
  });

  test('the list is sorted, has no duplicates, and each of it runs', () => {
    expect(HOST_BUILTINS).toEqual([...new Set(HOST_BUILTINS)].toSorted());
    expect(HOST_BUILTINS.filter((name) => !HOST_BUILTIN_RUNNER.has(name))).toEqual([]);
  });

  test('a name that is not supplied is a fault', () => {
    expect(() => HOST_BUILTIN_RUNNER.run('http.send', ['{}'], () => undefined)).toThrow(
      'there is no builtin http.send',
    );
  });
});
