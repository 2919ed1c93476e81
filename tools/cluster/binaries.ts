import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from './run.ts';
import {
  CONTAINERD_VERSION,
  COREDNS_VERSION,
  ETCD_VERSION,
  HELM_VERSION,
  KIND_VERSION,
  KUBERNETES_VERSION,
} from './versions.ts';

/**
 * Obtains the programs of the test cluster by the Go toolchain from the module proxy, whose checksums Go verifies.
 * Each program is kept under its version, so that a second run, or one after an interruption, builds only what lacks.
 */
export interface BinaryStore {
  /** Folder that holds the programs. */
  readonly folder: string;
  /** Where the program is kept, whether it is there or not. */
  path(name: BinaryName): string;
  /** Builds those of `names` that lack, one after the other; resolves with their paths. Throws what Go said. */
  obtain<Name extends BinaryName>(names: readonly Name[]): Promise<Record<Name, string>>;
}

export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'pause'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'coredns'
  | 'helm'
  | 'kind';

export type NodeBinaryName = Exclude<BinaryName, 'kind'>;

/** A module whose go.mod has `replace` lines cannot be `go install`ed: such a program is built from a module of ours. */
type Recipe =
  | { readonly kind: 'install'; readonly version: string; readonly path: string }
  | { readonly kind: 'module'; readonly version: string; readonly module: ModuleName; readonly path: string }
  | { readonly kind: 'c'; readonly version: string; readonly source: string };
type ModuleName = 'kubernetes' | 'etcd';

const kubernetes = (command: string): Recipe => ({
  kind: 'module',
  version: KUBERNETES_VERSION,
  module: 'kubernetes',
  path: `k8s.io/kubernetes/cmd/${command}`,
});
const containerd = (command: string): Recipe => ({
  kind: 'install',
  version: CONTAINERD_VERSION,
  path: `github.com/containerd/containerd/v2/cmd/${command}`,
});

const RECIPES: Readonly<Record<BinaryName, Recipe>> = {
  etcd: { kind: 'module', version: ETCD_VERSION, module: 'etcd', path: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': kubernetes('kube-apiserver'),
  kubectl: kubernetes('kubectl'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  pause: { kind: 'c', version: KUBERNETES_VERSION, source: 'build/pause/linux/pause.c' },
  containerd: containerd('containerd'),
  'containerd-shim-runc-v2': containerd('containerd-shim-runc-v2'),
  ctr: containerd('ctr'),
  coredns: { kind: 'install', version: COREDNS_VERSION, path: 'github.com/coredns/coredns' },
  kind: { kind: 'install', version: KIND_VERSION, path: 'sigs.k8s.io/kind' },
  helm: { kind: 'install', version: HELM_VERSION, path: 'helm.sh/helm/v4/cmd/helm' },
};
/** What a node of our own needs. */
export const NODE_BINARIES = (Object.keys(RECIPES) as BinaryName[]).filter(
  (name): name is NodeBinaryName => name !== 'kind',
);

export interface BinaryStoreOptions {
  /** Folder of obtained tools; the programs go to `cluster/` in it. */
  readonly cache: string;
  /** Told each step that may take longer than two seconds. */
  readonly say: (line: string) => void;
}

export function createBinaryStore({ cache, say }: BinaryStoreOptions): BinaryStore {
  const folder = join(cache, 'cluster');
  const versioned = (name: BinaryName) => join(folder, `${name}-${RECIPES[name].version}`);

  return {
    folder,
    path: versioned,
    async obtain(names) {
      mkdirSync(folder, { recursive: true });
      const missing = names.filter((name) => !existsSync(versioned(name)));
      if (missing.length > 0) {
        say(
          `obtaining ${missing.length} of ${names.length} programs of the cluster with Go; once, some minutes`,
        );
      }
      for (const name of missing) {
        const startedAt = performance.now();
        say(`  building ${name} ${RECIPES[name].version} …`);
        await build(RECIPES[name], { folder, target: versioned(name) });
        say(`  ${name} ready after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
      }
      return Object.fromEntries(names.map((name) => [name, versioned(name)])) as Record<
        (typeof names)[number],
        string
      >;
    },
  };
}

interface Place {
  readonly folder: string;
  readonly target: string;
}

async function build(recipe: Recipe, { folder, target }: Place): Promise<void> {
  const work = `${target}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    // Appears under its name only when it is whole.
    renameSync(await BUILDERS[recipe.kind](recipe as never, folder, work), target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Builder<Kind> = (
  recipe: Extract<Recipe, { kind: Kind }>,
  folder: string,
  work: string,
) => Promise<string>;

const BUILDERS: { readonly [Kind in Recipe['kind']]: Builder<Kind> } = {
  async install({ path, version }, _folder, work) {
    await go(['install', '-trimpath', '-ldflags=-s -w', `${path}@v${version}`], work, { GOBIN: work });
    return join(work, basename(path));
  },
  async module({ module, path, version }, folder, work) {
    const place = await MODULES[module](join(folder, `${module}-module-${version}`), version);
    const built = join(work, 'program');
    await go(['build', '-trimpath', `-ldflags=-s -w ${stamp(version)}`, '-o', built, path], place);
    return built;
  },
  async c({ source, version }, _folder, work) {
    const built = join(work, 'program');
    const file = join(await moduleSource('k8s.io/kubernetes', version, work), source);
    await run('gcc', ['-static', '-Os', `-DVERSION=${version}`, '-o', built, file], { cwd: work });
    return built;
  },
};

/** A development version makes clients and API server disagree about what they may ask of each other. */
function stamp(version: string): string {
  const [major = '', minor = ''] = version.split('.');
  const target = 'k8s.io/component-base/version';
  return `-X ${target}.gitVersion=v${version} -X ${target}.gitMajor=${major} -X ${target}.gitMinor=${minor}`;
}

/** Prepare a module of our own that requires the named one; resolve with its folder. */
const MODULES: Readonly<Record<ModuleName, (folder: string, version: string) => Promise<string>>> = {
  kubernetes: (folder, version) =>
    prepare(folder, async (work) => {
      const source = await moduleSource('k8s.io/kubernetes', version, work);
      const mod = readFileSync(join(source, 'go.mod'), 'utf8');
      const staging = [...mod.matchAll(/^\s*(k8s\.io\/[a-z0-9-]+) => \.\/staging/gm)].map(
        ([, name = '']) => name,
      );
      // The staging modules are published under the same minor and patch with major version 0.
      const published = version.replace(/^1\./, 'v0.');
      const edits = staging.flatMap((name) => ['-replace', `${name}=${name}@${published}`]);
      const tools = COMMANDS_OF_KUBERNETES.flatMap((path) => ['-tool', path]);
      await go(['mod', 'edit', '-require', `k8s.io/kubernetes@v${version}`, ...edits, ...tools], work);
      await go(['mod', 'tidy', '-e'], work);
    }),
  etcd: (folder, version) =>
    prepare(folder, (work) =>
      go(['get', '-tool', `go.etcd.io/etcd/server/v3@v${version}`], work).then(() => {}),
    ),
};
const COMMANDS_OF_KUBERNETES = Object.values(RECIPES).flatMap((recipe) =>
  recipe.kind === 'module' && recipe.module === 'kubernetes' ? [recipe.path] : [],
);

async function prepare(folder: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const done = join(folder, 'prepared');
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'go.mod'), 'module rankguard.dev/cluster\n\ngo 1.26.0\n');
  await fill(folder);
  writeFileSync(done, '');
  return folder;
}

async function moduleSource(module: string, version: string, cwd: string): Promise<string> {
  const answer = await go(['mod', 'download', '-json', `${module}@v${version}`], cwd, {
    GOFLAGS: '-mod=mod',
  });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

function go(args: readonly string[], cwd: string, variables: Record<string, string> = {}): Promise<string> {
  const all = { CGO_ENABLED: '0', GOWORK: 'off', ...variables };
  return run('env', [...Object.entries(all).map(([name, value]) => `${name}=${value}`), 'go', ...args], {
    cwd,
  });
}
