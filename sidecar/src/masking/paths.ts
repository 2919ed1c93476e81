import { CodedError, type FaultCode } from '@rankguard/contract';
import { type JsonDocument, Kind } from '../json/types.ts';

/** One step of a path: a member, an element, every child, or every member of a name at any depth. */
export type Segment =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'element'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'below'; readonly name: string | null };

const MEMBER = /^[\p{L}_][\p{L}\p{N}_-]*/u;
const BRACKET = /^\[\s*(?:(\*)|(0|[1-9]\d{0,9})|'((?:[^'\\]|\\['\\])*)'|"((?:[^"\\]|\\["\\])*)")\s*\]/;

/**
 * Reads the segments of a JSONPath (RFC 9535) behind its root: `.name`, `['name']`, `[n]`, `[*]`, `.*`,
 * `..name`, `..*`. Throws `code` for everything else (filters, slices, unions, functions).
 */
export function parseSegments(path: string, from: number, code: FaultCode): Segment[] {
  const segments: Segment[] = [];
  let rest = path.slice(from);
  while (rest !== '') {
    const [segment, length] = nextSegment(rest) ?? refuse(path, code);
    segments.push(segment);
    rest = rest.slice(length);
  }
  return segments;
}

function refuse(path: string, code: FaultCode): never {
  throw new CodedError(
    code,
    `the path \`${path}\` is not understood: members, indices, \`*\` and \`..name\` are supported`,
  );
}

function nextSegment(rest: string): readonly [Segment, number] | undefined {
  const bracket = BRACKET.exec(rest);
  if (bracket !== null) {
    const [{ length }, star, index, single, double] = bracket;
    if (star !== undefined) return [{ kind: 'all' }, length];
    if (index !== undefined) return [{ kind: 'element', index: Number(index) }, length];
    return [{ kind: 'member', name: (single ?? double ?? '').replace(/\\(.)/g, '$1') }, length];
  }
  const below = rest.startsWith('..');
  if (!below && !rest.startsWith('.')) return undefined;
  const behind = rest.slice(below ? 2 : 1);
  const name = behind.startsWith('*') ? '*' : MEMBER.exec(behind)?.[0];
  if (name === undefined) return undefined;
  const length = rest.length - behind.length + name.length;
  if (below) return [{ kind: 'below', name: name === '*' ? null : name }, length];
  return [name === '*' ? { kind: 'all' } : { kind: 'member', name }, length];
}

/** A whole JSONPath. Throws CONFIG_UNSUPPORTED. */
export function parseJsonPath(path: string): Segment[] {
  if (!path.startsWith('$')) refuse(path, 'CONFIG_UNSUPPORTED');
  return parseSegments(path, 1, 'CONFIG_UNSUPPORTED');
}

/** Tokens that the segments reach from `from`, which is ascending and without repetition, as is the result. */
export function select(
  document: JsonDocument,
  from: readonly number[],
  segments: readonly Segment[],
): number[] {
  let tokens = [...from];
  for (const segment of segments) {
    const reached: number[] = [];
    let covered = -1;
    for (const token of tokens) {
      if (segment.kind === 'below') {
        // A subtree inside one that was already searched has nothing new: each token is looked at once.
        if (token >= covered) descend(document, token, segment.name, reached);
        covered = Math.max(covered, document.next(token));
      } else {
        step(document, token, segment, reached);
      }
    }
    tokens = reached.sort((a, b) => a - b);
  }
  return tokens;
}

function step(document: JsonDocument, token: number, segment: Segment, reached: number[]): void {
  const kind = document.kind(token);
  if (segment.kind === 'member') {
    const found = kind === Kind.Object ? document.get(token, segment.name) : -1;
    if (found !== -1) reached.push(found);
  } else if (segment.kind === 'element') {
    if (kind !== Kind.Array) return;
    let place = 0;
    for (const element of document.elements(token)) {
      if (place++ === segment.index) {
        reached.push(element);
        return;
      }
    }
  } else if (kind === Kind.Object) {
    for (const [, value] of document.members(token)) reached.push(value);
  } else if (kind === Kind.Array) {
    for (const element of document.elements(token)) reached.push(element);
  }
}

function descend(document: JsonDocument, token: number, name: string | null, reached: number[]): void {
  const end = document.next(token);
  for (let at = token + 1; at < end; at++) {
    const kind = document.kind(at);
    if (kind === Kind.Close) continue;
    if (kind === Kind.Key) {
      if (name === null || document.string(at) === name) reached.push(at + 1);
    } else if (name === null && document.kind(at - 1) !== Kind.Key) {
      reached.push(at);
    }
  }
}
