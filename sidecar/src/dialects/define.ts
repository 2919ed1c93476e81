import type { DialectName } from '@rankguard/contract';
import { BEARER, type CredentialSlot } from '../identity/credential.ts';
import type { JsonDocument } from '../json/types.ts';
import {
  type AnswerFormat,
  type CompiledFormat,
  compileFormat,
  type RequestFormat,
  readRankingAnswer,
  readRankingRequest,
} from './format.ts';
import type {
  Dialect,
  EmptyCall,
  Misread,
  Operation,
  RequestReading,
  ResponseReading,
  Route,
  SentPart,
  ServedModelRoute,
} from './types.ts';

/** One kind of body of a dialect, and its answer. */
export interface Shape {
  readRequest(document: JsonDocument, route: Route): RequestReading | Misread;
  readResponse(document: JsonDocument, sent: readonly SentPart[], route: Route): ResponseReading | Misread;
  /** The answer to a call none of whose candidates is left, as a value. */
  empty(call: EmptyCall): unknown;
}

/** What is said of a dialect; the rest is the same for all. */
export interface Definition {
  readonly name: DialectName;
  readonly routes: readonly Route[];
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly requestHeaders?: readonly string[];
  readonly responseHeaders?: readonly string[];
  /** Default: `Authorization: Bearer`. */
  readonly credentials?: readonly CredentialSlot[];
  readonly error: Dialect['error'];
  readonly signing?: string;
  readonly served?: ServedModelRoute;
  readonly ownHeaders?: (status: number) => readonly string[];
}

export function defineDialect(definition: Definition): Dialect {
  const { shapes } = definition;
  // A route names a shape of its own dialect: routes.test.ts goes through all of them.
  const shapeOf = (route: Route) => shapes[route.shape]!;
  return {
    requestHeaders: [],
    responseHeaders: [],
    credentials: [BEARER],
    ...definition,
    readRequest: (document, route) => shapeOf(route).readRequest(document, route),
    readResponse: (document, route, sent) => shapeOf(route).readResponse(document, sent, route),
    empty: (route, call) => JSON.stringify(shapeOf(route).empty(call)),
  };
}

/** A shape that asks for one ranking and is answered with one list of results. */
export function ranking(
  request: RequestFormat,
  answer: AnswerFormat,
  empty: (call: EmptyCall) => unknown,
): Shape {
  const format: CompiledFormat = compileFormat(request);
  return {
    readRequest(document, route) {
      const reading = readRankingRequest(document, format);
      const model = route.params?.['model'];
      return reading.ok && reading.model === null && model !== undefined ? { ...reading, model } : reading;
    },
    readResponse: (document, [sent]) => readRankingAnswer(document, answer, sent),
    empty,
  };
}

export function post(path: string, shape: string, operation: Operation = 'rerank'): Route {
  return { method: 'POST', path, operation, shape };
}
export function health(path: string): Route {
  return { method: 'GET', path, operation: 'health', shape: 'none' };
}
export function info(path: string): Route {
  return { method: 'GET', path, operation: 'info', shape: 'none' };
}
