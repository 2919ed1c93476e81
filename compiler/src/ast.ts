/** The syntax tree that `opa parse --format json --json-include locations` prints, as far as it is read here. */
export interface Location {
  readonly file: string;
  readonly row: number;
  readonly col: number;
}

export interface Term {
  readonly type: string;
  readonly value: unknown;
  readonly location?: Location;
}

export interface Expression {
  readonly terms: Term | readonly Term[] | SomeDeclaration | Every;
  readonly negated?: boolean;
  readonly with?: readonly { readonly target: Term; readonly value: Term }[];
  readonly generated?: boolean;
  readonly location?: Location;
}
export interface SomeDeclaration {
  readonly symbols: readonly Term[];
}
export interface Every {
  readonly key: Term | null;
  readonly value: Term;
  readonly domain: Term;
  readonly body: readonly Expression[];
}

export interface Rule {
  readonly head: {
    readonly name?: string;
    readonly ref: readonly Term[];
    readonly args?: readonly Term[];
    readonly key?: Term;
    readonly value?: Term;
    readonly assign?: boolean;
    readonly location?: Location;
  };
  readonly body: readonly Expression[];
  readonly else?: Rule;
  readonly default?: boolean;
  readonly location?: Location;
}

export interface Module {
  readonly package: { readonly path: readonly Term[]; readonly location?: Location };
  readonly imports?: readonly {
    readonly path: Term;
    readonly alias?: string;
    readonly location?: Location;
  }[];
  readonly rules?: readonly Rule[];
}

export interface ParsedModule {
  /** As the author named it. */
  readonly file: string;
  readonly ast: Module;
}

export function isTerm(node: unknown): node is Term {
  return typeof node === 'object' && node !== null && 'type' in node && 'value' in node;
}
export function isExpression(node: unknown): node is Expression {
  return typeof node === 'object' && node !== null && 'terms' in node;
}
export function isSome(terms: Expression['terms']): terms is SomeDeclaration {
  return 'symbols' in terms;
}
export function isEvery(terms: Expression['terms']): terms is Every {
  return 'domain' in terms;
}

/** The parts of a `ref` or `call` term, else none. */
export function partsOf(term: Term): readonly Term[] {
  return Array.isArray(term.value) ? (term.value as Term[]) : [];
}

export function variable(term: Term | undefined | null): string | undefined {
  return term?.type === 'var' ? (term.value as string) : undefined;
}

/** `rankguard.example` of `data.rankguard.example`. */
export function packageName(module: Module): string {
  return module.package.path
    .slice(1)
    .map((term) => String(term.value))
    .join('.');
}

/** `a.b.c` of a reference whose operands are all constant strings, else undefined. */
export function dotted(terms: readonly Term[]): string | undefined {
  const [head, ...operands] = terms;
  if (!head || typeof head.value !== 'string') return undefined;
  if (!operands.every((operand) => operand.type === 'string')) return undefined;
  return [head.value, ...operands.map((operand) => operand.value)].join('.');
}

export interface Call {
  /** As written: `count`, `lib.f`, `data.rankguard.lib.f`; undefined when it is not a plain name. */
  readonly name: string | undefined;
  readonly args: readonly Term[];
  readonly location: Location | undefined;
}

/** The call that an expression or a `call` term makes. */
export function callOf(terms: readonly Term[], location: Location | undefined): Call | undefined {
  const [operator, ...args] = terms;
  if (operator?.type !== 'ref') return undefined;
  return { name: dotted(partsOf(operator)), args, location: location ?? operator.location };
}

/** A rule and its `else` branches. */
export function branches(rule: Rule): Rule[] {
  return rule.else ? [rule, ...branches(rule.else)] : [rule];
}

/** Every node below, parents first. Stops below a node for which `visit` returns false. */
export function walk(node: unknown, visit: (node: object) => boolean | undefined): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node) && visit(node) === false) return;
  for (const [key, child] of Object.entries(node)) if (key !== 'location') walk(child, visit);
}
