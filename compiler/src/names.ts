import { branches, dotted, type Module, type ParsedModule, packageName, type Rule } from './ast.ts';

export interface Definition {
  readonly module: Module;
  readonly rule: Rule;
}

/** Which rules a policy's modules define, and what a name in one of them means. */
export interface Names {
  /** `package.rule` as used in `data.…`, undefined when the name is none of the policy's own rules. */
  resolve(module: Module, name: string | undefined): string | undefined;
  /** All definitions, with their `else` branches, of a resolved name. */
  definitions(resolved: string): readonly Definition[];
}

export function createNames(modules: readonly ParsedModule[]): Names {
  const rules = new Map<string, Definition[]>();
  const imports = new Map<Module, Map<string, string>>();
  for (const { ast } of modules) {
    imports.set(ast, importsOf(ast));
    for (const rule of ast.rules ?? []) {
      const name = ruleName(ast, rule);
      const definitions = rules.get(name) ?? [];
      for (const branch of branches(rule)) definitions.push({ module: ast, rule: branch });
      rules.set(name, definitions);
    }
  }

  function resolve(module: Module, name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const [head = '', ...rest] = name.split('.');
    const imported = imports.get(module)?.get(head);
    const candidates = [
      `${packageName(module)}.${name}`,
      head === 'data' ? rest.join('.') : undefined,
      imported && [imported, ...rest].join('.'),
    ];
    return candidates.find((candidate) => candidate !== undefined && rules.has(candidate));
  }

  return { resolve, definitions: (resolved) => rules.get(resolved) ?? [] };
}

/** A rule whose head has variables (`roles[x]`) goes by its constant start. */
function ruleName(module: Module, rule: Rule): string {
  const constant = rule.head.ref.findIndex((term, index) => index > 0 && term.type !== 'string');
  const ref = constant < 0 ? rule.head.ref : rule.head.ref.slice(0, constant);
  return `${packageName(module)}.${dotted(ref) ?? rule.head.name ?? ''}`;
}

function importsOf(module: Module): Map<string, string> {
  const found = new Map<string, string>();
  for (const { path, alias } of module.imports ?? []) {
    const name = dotted(path.value as never);
    if (name?.startsWith('data.'))
      found.set(alias ?? name.split('.').at(-1) ?? '', name.slice('data.'.length));
  }
  return found;
}
