import type { Problem } from '@rankguard/contract';
import { CodedError } from '@rankguard/contract';
import { HOST_BUILTINS } from '@rankguard/sidecar/policy';
import type { OpaDirectory } from './opa/index.ts';

/** What OPA 1.22's WebAssembly compiler has itself (its table of builtin functions, internal/compiler/wasm). */
export const NATIVE_BUILTINS: readonly string[] = `
  plus minus mul div abs round ceil floor rem
  array.concat array.flatten array.reverse array.slice
  set_diff and or intersection union
  is_number is_string is_boolean is_array is_set is_object is_null type_name
  bits.or bits.and bits.negate bits.xor bits.lsh bits.rsh
  count sum product max min sort all any
  base64.is_valid base64.decode base64.encode base64url.encode base64url.decode
  net.cidr_contains net.cidr_overlap net.cidr_intersects
  equal gt gte lt lte neq
  glob.match
  json.marshal json.unmarshal json.is_valid json.remove json.filter
  object.filter object.get object.keys object.remove object.union object.union_n
  concat format_int indexof substring lower upper contains startswith endswith strings.reverse split replace
  strings.replace_n trim trim_left trim_prefix trim_right trim_suffix trim_space internal.template_string
  numbers.range to_number walk graph.reachable
  regex.is_valid regex.match re_match regex.find_all_string_submatch_n
  internal.member_2 internal.member_3`
  .trim()
  .split(/\s+/);

/** Written by the compiler away before anything is evaluated. */
const COMPILE_TIME_BUILTINS = [
  'assign',
  'eq',
  'print',
  'internal.print',
  'rego.metadata.chain',
  'rego.metadata.rule',
];
const FEATURES = ['keywords_in_refs', 'rego_v1', 'template_strings'];

/** Every builtin that a policy may use. */
export const SUPPORTED_BUILTINS: readonly string[] = [
  ...new Set([...NATIVE_BUILTINS, ...HOST_BUILTINS, ...COMPILE_TIME_BUILTINS]),
].toSorted();

export interface Capabilities {
  /** The file for `--capabilities`. */
  readonly json: string;
  /** Every builtin that this OPA knows, supported or not. */
  readonly known: ReadonlySet<string>;
}

/** OPA's own capabilities, cut down to what the data path can evaluate; no network, Rego v1 only. */
export async function readCapabilities(directory: OpaDirectory): Promise<Capabilities> {
  const { stdout, status } = await directory.run(['capabilities', '--current']);
  let current: { builtins?: { name: string }[] };
  try {
    current = JSON.parse(stdout) as typeof current;
  } catch (cause) {
    throw new CodedError('COMPILER_FAILED', `opa capabilities ended with ${status}`, { cause });
  }
  const builtins = current.builtins ?? [];
  const supported = new Set(SUPPORTED_BUILTINS);
  const json = JSON.stringify({
    ...current,
    builtins: builtins.filter(({ name }) => supported.has(name)),
    future_keywords: [],
    features: FEATURES,
    allow_net: [],
  });
  return { json, known: new Set(builtins.map(({ name }) => name)) };
}

/** What to use in place of a builtin that asks the world or that WebAssembly lacks. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/^time\./, 'use input.request.time.unix, .weekday and .hour (UTC), so that a decision can be made again'],
  [/^(http\.send|net\.lookup_ip_addr|opa\.runtime)$/, "put what it would ask for into the policy's data"],
  [/^io\.jwt\./, 'tokens are verified before: use input.identity and its claims'],
  [/^(rand\.|uuid\.)/, 'use input.request.id, which no two calls share'],
  [/^regex\.(split|find_n)$/, 'use regex.find_all_string_submatch_n'],
  [
    /^regex\.(replace|template_match)$/,
    'use strings.replace_n, or regex.find_all_string_submatch_n and concat',
  ],
  [/^regex\.globs_match$|^glob\.quote_meta$/, 'use glob.match'],
  [/^crypto\./, 'use input.request.digest, the SHA-256 of the body'],
  [/^json\.(match|verify)_schema$/, 'test the members with is_string, is_number and their like'],
  [/^(indexof_n|strings\.count)$/, 'use regex.find_all_string_submatch_n and count'],
  [/^trace$/, 'use print in tests'],
];

/** What to say of a function that the restricted capabilities lack; undefined when OPA lacks it too. */
export function explainMissingBuiltin(
  name: string,
  known: ReadonlySet<string>,
): Problem['message'] | undefined {
  if (!known.has(name)) return undefined;
  const instead = INSTEAD.find(([pattern]) => pattern.test(name))?.[1];
  if (instead !== undefined) return `${name} exists in OPA but not in the data path; ${instead}`;
  const family = name.includes('.') ? name.split('.', 1)[0] : undefined;
  const relatives = SUPPORTED_BUILTINS.filter((one) => family && one.startsWith(`${family}.`));
  const advice =
    relatives.length > 0
      ? `of ${family}.* it has ${relatives.join(', ')}`
      : "facts carry the time, identity and counts; anything else belongs in the policy's data";
  return `${name} exists in OPA but not in the data path; ${advice}`;
}
