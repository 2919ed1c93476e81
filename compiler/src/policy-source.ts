/** One policy as its author wrote it, before the compiler has seen it. */
export interface PolicySource {
  /** `namespace/name`, or `name` for a ClusterRerankPolicy. */
  readonly name: string;
  readonly scope: 'namespace' | 'cluster';
  readonly mode: 'enforce' | 'shadow';
  /** Rego text by file name, e.g. `ranking.rego`. */
  readonly modules: Readonly<Record<string, string>>;
  /** The policy's own data documents: `data` to its Rego. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Rego tests by file name; never part of what is compiled to WebAssembly. */
  readonly tests: Readonly<Record<string, string>>;
  /**
   * Where a 1-based line of a module or test stands for the person who wrote it: the YAML file and its line.
   * A file that this policy does not have comes back as it is.
   */
  locate(file: string, line: number): { readonly file: string; readonly line: number };
}
