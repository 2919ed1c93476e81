import { type JsonDocument, Kind } from '../../json/types.ts';
import { misread } from '../shape.ts';
import type {
  Dialect,
  EmptyCall,
  MatchedRoute,
  Misread,
  Operation,
  RankingPart,
  RequestReading,
  ResponseReading,
  SentPart,
} from '../types.ts';

/** Routes by the shape of their bodies, for a route that speaks several dialects. */
export function alternativesOf(
  spoken: readonly (readonly [Dialect, shape: string])[],
): readonly MatchedRoute[] {
  return spoken.map(([dialect, shape]) => ({
    dialect,
    route: dialect.routes.find((route) => route.shape === shape)!,
  }));
}

type Read = RequestReading & { readonly matched: MatchedRoute };

/**
 * Reads a body that may be of several dialects. Those that know most of its members are asked; they must agree on
 * all that matters, or the call is refused: nothing is guessed.
 */
export function readAlternatives(
  document: JsonDocument,
  alternatives: readonly MatchedRoute[],
): Read | Misread {
  const misreads: Misread[] = [];
  const read: Read[] = [];
  for (const matched of alternatives) {
    const reading = matched.dialect.readRequest(document, matched.route);
    if (reading.ok) read.push({ ...reading, matched: reading.matched ?? matched });
    else misreads.push(reading);
  }
  if (read.length === 0) {
    // A dialect that knows all the members says more about what is wrong than one that knows none of them.
    return (
      misreads.find(({ code }) => code === 'BODY_SHAPE') ??
      misreads[0] ??
      misread('no dialect reads this body')
    );
  }
  const unknown = read.map((reading) => unknownMembers(document, reading));
  const fewest = Math.min(...unknown);
  const fitting = read.filter((_, at) => unknown[at] === fewest);
  const first = fitting[0]!;
  const other = fitting.find((reading) => !sameRequest(first, reading));
  if (other !== undefined) {
    const names = `${first.matched.dialect.name} and ${other.matched.dialect.name}`;
    return misread(
      `${names} read this body differently; the connection must name one`,
      'BODY_AMBIGUOUS_MEMBER',
    );
  }
  const model = fitting.find((reading) => reading.model !== null)?.model ?? null;
  return { ...first, model, matched: combine(fitting.map(({ matched }) => matched)) };
}

function unknownMembers(document: JsonDocument, { members }: RequestReading): number {
  if (document.kind(0) !== Kind.Object) return 0;
  let count = 0;
  for (const [key] of document.members(0)) {
    if (members?.has(document.string(key)) !== true) count++;
  }
  return count;
}

function sameRequest(a: Read, b: Read): boolean {
  return (
    a.topNToken === b.topNToken &&
    a.matched.route.order === b.matched.route.order &&
    a.matched.route.operation === b.matched.route.operation &&
    (a.model === null || b.model === null || a.model === b.model) &&
    a.parts.length === b.parts.length &&
    a.parts.every((part, place) => samePart(part, b.parts[place]!))
  );
}

function samePart(a: RankingPart, b: RankingPart): boolean {
  return (
    a.queryToken === b.queryToken &&
    a.documentsToken === b.documentsToken &&
    (a.contents === undefined) === (b.contents === undefined) &&
    (a.ids === undefined) === (b.ids === undefined)
  );
}

function sameResponse(a: ResponseReading, b: ResponseReading): boolean {
  return (
    a.parts.length === b.parts.length &&
    a.parts.every(({ results }, place) => {
      const others = b.parts[place]!.results;
      return (
        results.length === others.length &&
        results.every(
          (result, at) => result.index === others[at]!.index && Object.is(result.score, others[at]!.score),
        )
      );
    })
  );
}

function readResponses(
  document: JsonDocument,
  alternatives: readonly MatchedRoute[],
  sent: readonly SentPart[],
): ResponseReading | Misread {
  const readings = alternatives.map(({ dialect, route }) => dialect.readResponse(document, route, sent));
  const read = readings.filter((reading) => reading.ok);
  const [first] = read;
  if (first === undefined) return readings[0] as Misread;
  return read.every((reading) => sameResponse(first, reading))
    ? first
    : misread('the answer could be read in two ways', 'UPSTREAM_SHAPE');
}

/** The stricter of two operations comes first: a path that is health for one dialect is judged for another. */
const STRICTNESS: readonly Operation[] = ['rerank', 'score', 'classify', 'pooling', 'info', 'health'];

/** One route for several dialects that share it: it is for the body to tell which it is. */
export function combine(alternatives: readonly MatchedRoute[]): MatchedRoute {
  const [only] = alternatives;
  if (only !== undefined && alternatives.length === 1) return only;
  const byStrictness = [...alternatives].sort(
    (a, b) => STRICTNESS.indexOf(a.route.operation) - STRICTNESS.indexOf(b.route.operation),
  );
  const dialects = byStrictness.map(({ dialect }) => dialect);
  const union = (names: (dialect: Dialect) => readonly string[]) => [...new Set(dialects.flatMap(names))];
  const dialect: Dialect = {
    name: 'auto',
    routes: [],
    requestHeaders: union(({ requestHeaders }) => requestHeaders),
    responseHeaders: union(({ responseHeaders }) => responseHeaders),
    credentials: credentialsOf(dialects),
    readRequest: (document) => readAlternatives(document, byStrictness),
    readResponse: (document, _route, sent) => readResponses(document, byStrictness, sent),
    error: (status, code, message) =>
      Object.assign({}, ...dialects.map((each) => each.error(status, code, message)).reverse()),
    ownHeaders: (status) => dialects.find((each) => each.ownHeaders)?.ownHeaders?.(status) ?? [],
    empty: (_route, call) => emptyOf(byStrictness, call),
  };
  return { dialect, route: byStrictness[0]!.route };
}

function credentialsOf(dialects: readonly Dialect[]) {
  const slots = new Map(
    dialects.flatMap(({ credentials }) => credentials.map((slot) => [JSON.stringify(slot), slot] as const)),
  );
  return [...slots.values()];
}

/** What every dialect's client understands: lists are the same for all, objects have the members of all. */
function emptyOf(alternatives: readonly MatchedRoute[], call: EmptyCall): string {
  const answers = alternatives.map(({ dialect, route }) => dialect.empty(route, call));
  const values = answers.map((text) => JSON.parse(text) as unknown);
  return values.some((value) => Array.isArray(value))
    ? answers[0]!
    : JSON.stringify(Object.assign({}, ...values.reverse()));
}
