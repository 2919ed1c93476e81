export { type BundleParts, buildBundle } from './bundle.ts';
export { SUPPORTED_BUILTINS } from './capabilities.ts';
export { type CaseTable, type PolicyCase, readCases } from './cases/read.ts';
export { type CaseOutcome, runCases } from './cases/run.ts';
export { type CompileResult, type Compiler, type CompilerOptions, createCompiler } from './compile.ts';
export { canonicalJson, digestOf } from './digest.ts';
export { opaInputSchema } from './facts-shape.ts';
export { OPA_VERSION } from './opa/index.ts';
export type { PolicySource } from './policy-source.ts';
export { readPolicyDirectory } from './read-directory.ts';
export type { TestOutcome, TestReport } from './rego-tests.ts';
export {
  type ClusterFacts,
  DEFAULT_MASKING,
  type MaskingResolution,
  policySources,
  type Resolution,
  resolve,
  resolveMasking,
} from './resolve/index.ts';
export {
  type CompletedFacts,
  type Constants,
  completeFacts,
  createAsker,
  type Disagreement,
  disagreements,
  type Evaluation,
  faultsOf,
  type RuleOutcome,
  readFacts,
  readOpa,
  type Said,
  type SyntheticOptions,
  synthesise,
} from './trial/index.ts';
