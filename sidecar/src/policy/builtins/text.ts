import { type Arguments, type Builtin, fault } from './arguments.ts';
import { isArray, isSet, number, type Value } from './values.ts';

export const TEXT_BUILTINS = {
  'strings.any_prefix_match': (args) => anyAffix(args, (text, affix) => text.startsWith(affix)),
  'strings.any_suffix_match': (args) => anyAffix(args, (text, affix) => text.endsWith(affix)),
  'strings.count': (args) => number(countOf(args.string(0), args.string(1))),
  indexof_n: (args) => indexes(args.string(0), args.string(1)).map(number),
  'semver.is_valid': (args) => {
    const text = args.value(0);
    return typeof text === 'string' && parseVersion(text) !== undefined;
  },
  'semver.compare': (args) => number(compareVersions(version(args, 0), version(args, 1))),
} satisfies Record<string, Builtin>;

function anyAffix(args: Arguments, matches: (text: string, affix: string) => boolean): boolean {
  const texts = oneOrMany(args.value(0));
  const affixes = oneOrMany(args.value(1));
  args.spend(texts.length * affixes.length);
  return texts.some((text) => affixes.some((affix) => matches(text, affix)));
}

function oneOrMany(value: Value): readonly string[] {
  if (typeof value === 'string') return [value];
  const items = isArray(value) ? value : isSet(value) ? value.items : undefined;
  if (items === undefined) throw fault('a string, or a set or array of strings, was expected');
  return items.map((item) => {
    if (typeof item !== 'string') throw fault('a set or array holds something else than strings');
    return item;
  });
}

/** Go's strings.Count: matches that do not overlap; an empty search counts the gaps between characters. */
function countOf(text: string, search: string): number {
  if (search === '') return [...text].length + 1;
  let count = 0;
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, at + search.length)) count += 1;
  return count;
}

/** Places in characters, not in UTF-16 units; matches may overlap. */
function indexes(text: string, search: string): number[] {
  if (search === '') throw fault('the search string is empty');
  const found: number[] = [];
  let characters = 0;
  let counted = 0;
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, at + 1)) {
    characters += [...text.slice(counted, at)].length;
    counted = at;
    found.push(characters);
  }
  return found;
}

interface Version {
  readonly numbers: readonly bigint[];
  readonly preRelease: string;
}

const VERSION =
  /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const INT64_MAX = 2n ** 63n - 1n;

/** semver.org 2.0.0, with an optional leading v. */
function parseVersion(text: string): Version | undefined {
  const found = VERSION.exec(text);
  if (found === null) return undefined;
  const [, major = '', minor = '', patch = '', preRelease = ''] = found;
  const numbers = [major, minor, patch].map(BigInt);
  if (numbers.some((part) => part > INT64_MAX)) return undefined;
  if (preRelease.split('.').some((part) => /^0\d+$/.test(part))) return undefined;
  return { numbers, preRelease };
}

function version(args: Arguments, index: number): Version {
  const read = parseVersion(args.string(index));
  if (read === undefined) throw fault(`operand ${index + 1} is not a semantic version`);
  return read;
}

/** Precedence as in semver.org 2.0.0 §11: -1, 0 or 1. */
function compareVersions(a: Version, b: Version): number {
  for (const [index, part] of a.numbers.entries()) {
    const other = b.numbers[index]!;
    if (part !== other) return part < other ? -1 : 1;
  }
  if (a.preRelease === b.preRelease) return 0;
  if (a.preRelease === '') return 1;
  if (b.preRelease === '') return -1;
  return comparePreReleases(a.preRelease.split('.'), b.preRelease.split('.'));
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part !== other) return compareIdentifiers(part, other);
  }
  return a.length < b.length ? -1 : 0;
}

function compareIdentifiers(a: string, b: string): number {
  const numeric = [a, b].map((part) => /^\d+$/.test(part));
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  if (numeric[0]) return BigInt(a) < BigInt(b) ? -1 : 1;
  return a < b ? -1 : 1;
}
