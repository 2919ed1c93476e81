import type { Compiler } from '@rankguard/compiler';
import { CodedError, codeOf, formatProblem, type Problem } from '@rankguard/contract';
import type { SourceFile } from '@rankguard/contract/resources';
import type { Log } from '@rankguard/sidecar/record';
import type { Sidecar } from '@rankguard/sidecar/server';
import { digestOfFiles, readYamlFiles } from '../files.ts';
import { EXIT, Exit } from '../io.ts';
import { problemLines } from '../problems.ts';
import type { KeptBundle } from './kept-bundle.ts';
import { loadBundle, secretReader } from './load.ts';
import type { State } from './state.ts';
import { type Watcher, watchDirectory } from './watch.ts';

interface ReloadDeps {
  readonly directory: string;
  readonly connection: string | undefined;
  readonly compiler: Compiler;
  readonly sidecar: Sidecar;
  readonly state: State;
  readonly kept: KeptBundle;
  readonly logger: Log['logger'];
}

/**
 * Puts the folder's resources in force, then follows its changes: each is read, checked and compiled as a whole
 * and swapped in at once, or refused with its problems in the log while the last good one stays.
 * Throws Exit when the first load fails: there is nothing to fall back to.
 */
export async function startReloading(deps: ReloadDeps): Promise<Watcher> {
  const files = await readYamlFiles(deps.directory);
  const problems = await activate(deps, files);
  if (problems !== undefined) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  let seen = digestOfFiles(files);
  return watchDirectory(deps.directory, async function look() {
    try {
      const changed = await readYamlFiles(deps.directory);
      const digest = digestOfFiles(changed);
      if (digest === seen) return;
      seen = digest;
      const found = await activate(deps, changed);
      if (found !== undefined) refuse(deps, found);
    } catch (error) {
      refuse(deps, [problemOf(error)]);
    }
  });
}

/** Undefined when the bundle is in force, else why it is not. */
async function activate(
  deps: ReloadDeps,
  files: readonly SourceFile[],
): Promise<readonly Problem[] | undefined> {
  const { compiler, sidecar, state, kept, logger, connection } = deps;
  const digest = digestOfFiles(files);
  const revision = state.next(digest);
  const known = connection === undefined ? await kept.read(digest) : undefined;
  const result = known
    ? { ok: true as const, loaded: known }
    : await loadBundle(files, compiler, { connection, revision });
  if (!result.ok) return result.problems;
  const { bundle, warnings } = result.loaded;
  try {
    sidecar.activate({ ...bundle, revision }, secretReader(files, bundle.connection.namespace));
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [problemOf(error)];
  }
  await remember(deps, digest, revision);
  if (connection === undefined && known === undefined) await kept.write(digest, result.loaded);
  for (const warning of warnings) logger.warn({ code: warning.code }, formatProblem(warning));
  const policies = bundle.policies.map(({ name }) => name);
  logger.info({ revision, digest: bundle.digest, policies }, 'bundle active');
  return undefined;
}

/** The bundle is in force whether or not this works, so a failure refuses nothing. */
async function remember({ state, logger }: ReloadDeps, digest: string, revision: number): Promise<void> {
  try {
    await state.activated(digest, revision);
  } catch (error) {
    logger.error(
      { error: String(error) },
      'the revision cannot be kept; it will be given again after a restart',
    );
  }
}

function refuse({ sidecar, logger }: ReloadDeps, problems: readonly Problem[]): void {
  sidecar.refused();
  logger.error(
    { problems: problems.map(formatProblem) },
    'change refused; the last good bundle stays in force',
  );
}

function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  return {
    severity: 'error',
    code: codeOf(error) ?? 'CONFIG_INVALID',
    message,
    file: null,
    line: null,
    path: null,
  };
}
