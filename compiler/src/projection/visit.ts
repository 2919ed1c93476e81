import {
  branches,
  type Call,
  callOf,
  type Expression,
  isEvery,
  isExpression,
  isSome,
  isTerm,
  partsOf,
  type Rule,
  type Term,
  variable,
} from '../ast.ts';
import { type FactsPath, shapeAt } from '../facts-shape.ts';
import type { Definition } from '../names.ts';
import {
  follow,
  isContainer,
  needElements,
  needPresent,
  needWhole,
  placesOf,
  type Site,
  startsOf,
} from './places.ts';

/** Goes through one module once: marks what it reads and learns what its variables stand for. */
export function visitModule(site: Site): void {
  for (const { path, alias } of site.module.imports ?? []) {
    const parts = partsOf(path);
    if (variable(parts[0]) === 'input') bind(site, alias ?? String(parts.at(-1)?.value), path);
  }
  for (const rule of site.module.rules ?? []) {
    for (const branch of branches(rule)) visitRule({ ...site, rule: branch }, branch);
  }
}

function visitRule(site: Site, rule: Rule): void {
  const { ref, args, key, value } = rule.head;
  use(site, ref.slice(1));
  for (const term of args ?? []) if (term.type !== 'var') use(site, term);
  if (key) use(site, key);
  if (value) use(site, value);
  for (const expression of rule.body) visitExpression(site, expression);
}

function visitExpression(site: Site, expression: Expression): void {
  // `with` changes the facts or swaps a function: followed nowhere, so everything is needed.
  if (expression.with?.length) site.tree.whole([]);
  const { terms } = expression;
  if (isTerm(terms)) use(site, terms);
  else if (isSome(terms)) for (const symbol of terms.symbols) visitSome(site, symbol);
  else if (isEvery(terms)) {
    iterate(site, terms.value, terms.domain);
    for (const inner of terms.body) visitExpression(site, inner);
  } else visitTerms(site, terms);
}

/** `some x` declares; `some x in xs` and `some k, x in xs` are a call of a membership builtin. */
function visitSome(site: Site, symbol: Term): void {
  if (symbol.type !== 'call') return;
  const args = partsOf(symbol).slice(1);
  const [value, collection] = args.slice(-2);
  const key = args.length === 3 ? args[0] : undefined;
  if (key && key.type !== 'var') use(site, key);
  if (value && collection) iterate(site, value, collection);
}

function visitTerms(site: Site, terms: readonly Term[]): void {
  const call = callOf(terms, undefined);
  if (!call) {
    use(site, terms);
    return;
  }
  const [left, right] = call.args;
  const name = variable(left);
  if (call.name === 'assign' && name !== undefined && right) bind(site, name, right);
  else visitCall(site, call);
}

function visitCall(site: Site, call: Call): void {
  const resolved = site.names.resolve(site.module, call.name);
  if (resolved !== undefined) passArguments(site, site.names.definitions(resolved), call.args);
  else if (call.name === 'count' && call.args[0]) countElements(site, call.args[0], call.args.slice(1));
  else if (call.name !== 'object.get' || !getMember(site, call.args)) use(site, call.args);
}

/** A parameter stands for whatever any caller passes. */
function passArguments(site: Site, definitions: readonly Definition[], args: readonly Term[]): void {
  for (const [index, arg] of args.entries()) {
    const places = containers(site, arg);
    const parameters = definitions.map(({ rule }) => rule.head.args?.[index]);
    if (!places || !parameters.every((parameter) => parameter?.type === 'var')) {
      use(site, arg);
      continue;
    }
    for (const place of places) {
      needPresent(site, place);
      for (const [at, { rule }] of definitions.entries()) {
        addAlias(site, rule, variable(parameters[at]) ?? '', place);
      }
    }
  }
}

function countElements(site: Site, collection: Term, rest: readonly Term[]): void {
  use(site, rest);
  const places = containers(site, collection);
  if (!places) use(site, collection);
  for (const place of places ?? []) {
    if (shapeAt(place)?.kind === 'array') needElements(site, place);
    else needWhole(site, place);
  }
}

/** `object.get(facts, "member" or ["path", …], default)` reads one member. */
function getMember(site: Site, [object, key, otherwise, ...rest]: readonly Term[]): boolean {
  const places = object && containers(site, object);
  const keys = key?.type === 'array' ? (key.value as Term[]) : key ? [key] : [];
  const constant = keys.length > 0 && keys.every((term) => term.type === 'string');
  if (!places || !constant || !otherwise) return false;
  for (const place of places) {
    needPresent(site, place);
    follow(site, place, keys, (reached) => needWhole(site, reached));
  }
  use(site, [otherwise, ...rest]);
  return true;
}

/** The variable of a loop over facts stands for every element. */
function iterate(site: Site, element: Term, collection: Term): void {
  const places = containers(site, collection);
  const name = variable(element);
  if (!places || name === undefined) {
    use(site, collection);
    if (name === undefined) use(site, element);
    return;
  }
  for (const place of places) {
    if (shapeAt(place)?.kind !== 'array') needWhole(site, place);
    else bindPlace(site, name, [...place, '*']);
  }
}

function bind(site: Site, name: string, term: Term): void {
  const places = containers(site, term);
  if (!places) use(site, term);
  for (const place of places ?? []) bindPlace(site, name, place);
}

function bindPlace(site: Site, name: string, place: FactsPath): void {
  needPresent(site, place);
  if (isContainer(place)) addAlias(site, site.rule ?? site.module, name, place);
}

function addAlias(site: Site, owner: object, name: string, place: FactsPath): void {
  if (!site.aliases.add(owner, name, place)) site.tree.whole([]);
}

/** The places a term stands for when it is a plain way into containers, else undefined. */
function containers(site: Site, term: Term): readonly FactsPath[] | undefined {
  const places = placesOf(site, term);
  if (places.length === 0 || !places.every(isContainer)) return undefined;
  if (term.type === 'ref') useOperands(site, partsOf(term).slice(1));
  return places;
}

/** The value itself is needed: everything that the term can stand for, and what its parts read. */
function use(site: Site, node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) for (const child of node) use(site, child);
  else if (isExpression(node)) visitExpression(site, node);
  else if (!isTerm(node)) use(site, Object.values(node));
  else if (node.type === 'var') useReference(site, [node]);
  else if (node.type === 'ref') useReference(site, partsOf(node));
  else if (node.type === 'call') visitTerms(site, partsOf(node));
  else use(site, node.value);
}

function useReference(site: Site, [head, ...operands]: readonly Term[]): void {
  for (const start of startsOf(site, head)) {
    follow(site, start, operands, (place) => needWhole(site, place));
  }
  if (head && head.type !== 'var') use(site, head);
  useOperands(site, operands);
}

/** Variables in brackets are values that are read. */
function useOperands(site: Site, operands: readonly Term[]): void {
  for (const operand of operands) if (operand.type !== 'string') use(site, operand);
}
