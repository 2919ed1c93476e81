import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fillBase } from './base.ts';
import { findImageBuilder } from './builder.ts';
import { bundleImage } from './bundle.ts';
import { imageName, images } from './images.ts';

const USAGE = `Builds Rankguard's images with Docker, or with buildah where no Docker runs.

  node -C source tools/images/main.ts [--tag TAG] [--base IMAGE] [--archives FOLDER] [--only NAME]…

--base       image with Node at /nodejs/bin/node; without it one is made from this machine's own Node
--only       names of images; all where it is not given
--archives   also write each image there as a docker-archive, NAME.tar
`;

const root = join(import.meta.dirname, '../..');
const say = (line: string): void => void process.stderr.write(`images: ${line}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tag: { type: 'string', default: 'dev' },
      base: { type: 'string' },
      archives: { type: 'string' },
      only: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const builder = await findImageBuilder();
  const base = values.base ?? (await buildBase(builder));
  const opa = readFileSync(join(root, 'tools/.cache/opa.path'), 'utf8').trim();
  for (const image of images(opa)) {
    if (values.only !== undefined && !values.only.includes(image.name)) continue;
    const name = imageName(image.name, values.tag);
    say(`${name} with ${builder.name} …`);
    await bundleImage(root, image);
    await builder.build({
      image: name,
      context: root,
      file: join(root, image.dockerfile),
      // What was made here has a shell besides.
      arguments: { BASE: base, ...(values.base === undefined ? { SHELL: base } : {}) },
    });
    if (values.archives === undefined) continue;
    mkdirSync(values.archives, { recursive: true });
    const archive = join(values.archives, `${image.name}.tar`);
    rmSync(archive, { force: true });
    await builder.save(name, archive);
  }
}

async function buildBase(builder: Awaited<ReturnType<typeof findImageBuilder>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rankguard-base-'));
  const image = 'localhost/rankguard-base:dev';
  say(`${image} from this machine's Node …`);
  await fillBase(folder, { node: process.execPath, certificates: '/etc/ssl/certs/ca-certificates.crt' });
  await builder.build({ image, context: folder, file: join(folder, 'Dockerfile') });
  rmSync(folder, { recursive: true, force: true });
  return image;
}

await main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
