import { run } from '../cluster/run.ts';

export interface BuildOptions {
  readonly image: string;
  readonly context: string;
  readonly file: string;
  readonly arguments?: Readonly<Record<string, string>>;
}

/** What builds images here: Docker where its daemon answers, else buildah, which needs none. */
export interface ImageBuilder {
  readonly name: string;
  build(options: BuildOptions): Promise<void>;
  /** Writes a docker-archive. */
  save(image: string, archive: string): Promise<void>;
}

const buildArguments = (values: Readonly<Record<string, string>> = {}): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);

// Neither an overlay mount nor a user namespace is there inside most containers.
const BUILDAH = ['STORAGE_DRIVER=vfs', 'BUILDAH_ISOLATION=chroot', 'buildah'];

export const buildah: ImageBuilder = {
  name: 'buildah',
  async build({ image, context, file, arguments: values }) {
    await run('env', [...BUILDAH, 'bud', '-q', '-t', image, '-f', file, ...buildArguments(values), context]);
  },
  async save(image, archive) {
    await run('env', [...BUILDAH, 'push', '-q', image, `docker-archive:${archive}:${image}`]);
  },
};

export const docker: ImageBuilder = {
  name: 'docker',
  async build({ image, context, file, arguments: values }) {
    await run('docker', ['build', '-q', '-t', image, '-f', file, ...buildArguments(values), context]);
  },
  async save(image, archive) {
    await run('docker', ['save', '-o', archive, image]);
  },
};

export async function findImageBuilder(): Promise<ImageBuilder> {
  const answers = (command: string, args: readonly string[]) =>
    run(command, args).then(
      () => true,
      () => false,
    );
  if (await answers('docker', ['version', '--format', '{{.Server.Version}}'])) return docker;
  if (await answers('buildah', ['--version'])) return buildah;
  throw new Error(
    'images are built by a running Docker or by buildah (apt-get install buildah); neither is there',
  );
}
