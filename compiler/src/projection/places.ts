import { type Location, type Module, partsOf, type Rule, type Term, variable } from '../ast.ts';
import { type FactsPath, shapeAt } from '../facts-shape.ts';
import type { Names } from '../names.ts';
import type { Aliases } from './aliases.ts';
import type { ProjectionTree } from './tree.ts';

/** A member that no fact has, as a rule reads it. */
export interface UnknownFact {
  readonly parent: FactsPath;
  readonly member: string;
  readonly location: Location | undefined;
  /** Written as `input.…`; else through a variable that may have another meaning in another scope. */
  readonly direct: boolean;
}

/** Where the analysis stands, and what it has learnt so far. */
export interface Site {
  readonly tree: ProjectionTree;
  readonly names: Names;
  readonly aliases: Aliases;
  readonly unknown: Map<string, UnknownFact>;
  readonly module: Module;
  /** null: the module itself, whose imports bind names. */
  readonly rule: Rule | null;
}

/** Where a reference or variable leads; none when it cannot be followed to its end, or is no fact. */
export function placesOf(site: Site, term: Term): readonly FactsPath[] {
  if (term.type !== 'var' && term.type !== 'ref') return [];
  const [head, ...operands] = term.type === 'ref' ? partsOf(term) : [term];
  const reached: FactsPath[] = [];
  for (const start of startsOf(site, head)) {
    const exact = follow(site, start, operands, (place) => reached.push(place));
    if (!exact) return [];
  }
  return reached;
}

/** Every place that the head of a reference may stand for, whichever scope bound the name. */
export function startsOf(site: Site, head: Term | undefined): readonly FactsPath[] {
  const name = variable(head);
  if (name === undefined) return [];
  if (name === 'input') return [[]];
  return [...(site.rule ? site.aliases.get(site.rule, name) : []), ...site.aliases.get(site.module, name)];
}

/**
 * Walks operands from a place and calls `reach` with where they lead. Returns false, and reaches the place where
 * it lost the way, when an operand cannot be followed.
 */
export function follow(
  site: Site,
  start: FactsPath,
  operands: readonly Term[],
  reach: (place: FactsPath) => void,
): boolean {
  let place = start;
  for (const operand of operands) {
    const next = stepOver(place, operand);
    if (next === undefined) {
      reach(place);
      return false;
    }
    const nothingThere = shapeAt(next) === undefined;
    if (nothingThere) noteUnknown(site, place, operand, start.length === 0);
    place = next;
    if (nothingThere) break;
  }
  reach(place);
  return true;
}

function stepOver(place: FactsPath, operand: Term): FactsPath | undefined {
  const kind = shapeAt(place)?.kind;
  const member = operand.type === 'string' ? String(operand.value) : undefined;
  if (kind === 'array') return member === undefined ? [...place, '*'] : undefined;
  if (kind === undefined || kind === 'scalar') return undefined;
  // A member called `*` cannot be told from every element.
  return member === undefined || member === '*' ? undefined : [...place, member];
}

function noteUnknown(site: Site, parent: FactsPath, operand: Term, direct: boolean): void {
  const { location } = operand;
  const member = String(operand.value);
  const key = [location?.file, location?.row, location?.col, ...parent, member].join('\0');
  site.unknown.set(key, { parent, member, location, direct });
}

/** The value itself is needed. An absent member is read as absent: its parent must still be what it was. */
export function needWhole(site: Site, place: FactsPath): void {
  if (shapeAt(place) === undefined) needPresent(site, place.slice(0, -1));
  else site.tree.whole(place);
}

/** That there is something at this place is needed, and what kind of container it is. */
export function needPresent(site: Site, place: FactsPath): void {
  if (place.at(-1) === '*') needElements(site, place.slice(0, -1));
  else site.tree.shape(place);
}

/** The elements stay as many as they were; those without members of their own are kept as they are. */
export function needElements(site: Site, array: FactsPath): void {
  const element = [...array, '*'];
  if (isContainer(element)) site.tree.shape(element);
  else site.tree.whole(array);
}

/** Always there, with members or elements that can be told apart. */
export function isContainer(place: FactsPath): boolean {
  const kind = shapeAt(place)?.kind;
  return kind === 'object' || kind === 'record' || kind === 'array';
}
