import type { Facts, Problem } from '@rankguard/contract';
import { LineCounter, parseDocument } from 'yaml';
import { completeFacts } from '../trial/complete.ts';

/** One line of a table: what is given, and what the policy must say. */
export interface PolicyCase {
  readonly name: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly facts: Facts;
  readonly expect: Expectation;
}

/** What is not named is not looked at; an empty list says that there is none. */
export interface Expectation {
  readonly allow?: boolean;
  /** Items by their first member (code, index, path, documents, verb), or objects whose members must be there. */
  readonly [set: string]: boolean | readonly unknown[] | undefined;
}

const MEMBERS = ['name', 'input', 'expect'];
const SETS = ['deny', 'hold', 'mask', 'drop', 'rank', 'limit'];

export interface CaseTable {
  readonly file: string;
  /** The policy that the table names; null when it names none. */
  readonly policy: string | null;
  readonly cases: readonly PolicyCase[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a table of cases: a list of `{name, input, expect}`, or an object with `cases`, a `defaults` input that each
 * case builds on, and the name of the `policy`. Inputs are few facts, completed to those of a plain call.
 */
export function readCases(file: string, text: string): CaseTable {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems: Problem[] = [];
  const report = (line: number, message: string) =>
    problems.push({ severity: 'error', code: 'CONFIG_INVALID', message, file, line, path: null });
  for (const error of document.errors)
    report(error.linePos?.[0].line ?? 1, error.message.split('\n', 1)[0] ?? '');
  const nothing = { file, policy: null, cases: [], problems };
  if (problems.length > 0) return nothing;
  const root: unknown = document.toJS();
  const isTable = isObject(root) && Object.hasOwn(root, 'cases');
  const path = isTable ? ['cases'] : [];
  const listed: unknown = isTable ? root['cases'] : root;
  const defaults = isTable ? root['defaults'] : {};
  if (!Array.isArray(listed)) {
    report(1, 'cases are a list, or an object with a list called cases');
    return nothing;
  }
  const policy = readPolicyName(root, (message) => report(1, message));
  const cases = listed.map((item, at): PolicyCase => {
    const node = document.getIn([...path, at], true) as { range?: readonly number[] } | undefined;
    const { line } = lines.linePos(node?.range?.[0] ?? 0);
    return readCase(item, { file, line, at, defaults }, (message) => report(line, message));
  });
  return { file, policy, cases, problems };
}

const TABLE_MEMBERS = ['policy', 'defaults', 'cases'];

function readPolicyName(root: unknown, report: (message: string) => void): string | null {
  if (!isObject(root)) return null;
  for (const member of Object.keys(root)) {
    if (!TABLE_MEMBERS.includes(member))
      report(`a table has no "${member}"; it has ${TABLE_MEMBERS.join(', ')}`);
  }
  const { policy = null } = root;
  if (policy === null || typeof policy === 'string') return policy;
  report('policy is a name: namespace/name, or name for a ClusterRerankPolicy');
  return null;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly at: number;
  readonly defaults: unknown;
}

function readCase(item: unknown, place: Place, report: (message: string) => void): PolicyCase {
  const { name, input, expect } = isObject(item) ? item : {};
  const shown = typeof name === 'string' && name !== '' ? name : `case ${place.at + 1}`;
  if (!isObject(item)) report('a case is an object with name, input and expect');
  for (const member of Object.keys(isObject(item) ? item : {})) {
    if (!MEMBERS.includes(member)) report(`a case has no "${member}"; it has ${MEMBERS.join(', ')}`);
  }
  const { facts, problems } = completeFacts(overlay(place.defaults, input));
  for (const message of problems) report(`${shown}: ${message}`);
  const wanted = readExpectation(expect, (message) => report(`${shown}: ${message}`));
  return { name: shown, file: place.file, line: place.line, facts, expect: wanted };
}

function readExpectation(expect: unknown, report: (message: string) => void): Expectation {
  if (!isObject(expect) || Object.keys(expect).length === 0) {
    report(`expect says what must come of it: allow, ${SETS.join(', ')}`);
    return {};
  }
  const wanted: Record<string, boolean | readonly unknown[]> = {};
  for (const [member, value] of Object.entries(expect)) {
    if (member === 'allow' && typeof value === 'boolean') wanted['allow'] = value;
    else if (SETS.includes(member) && Array.isArray(value)) wanted[member] = value;
    else if (member === 'allow') report('allow is true or false');
    else if (SETS.includes(member)) report(`${member} is a list; [] says that there is none`);
    else report(`there is no "${member}" to expect; there is allow, ${SETS.join(', ')}`);
  }
  return wanted;
}

/** Members of `over` replace those of `under`; objects are united. */
function overlay(under: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return under ?? {};
  if (!isObject(under) || !isObject(over)) return over;
  const united: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    united[name] = Object.hasOwn(united, name) ? overlay(united[name], value) : value;
  }
  return united;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
