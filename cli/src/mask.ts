import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { DEFAULT_MASKING, resolveMasking } from '@rankguard/compiler';
import type { ResolvedMasking, SecretRef } from '@rankguard/contract';
import { type ReadResource, readResources, secretValues } from '@rankguard/contract/resources';
import { createJsonReader, splice } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker, type MaskResult } from '@rankguard/sidecar/masking';
import { Command } from 'commander';
import { EXIT, Exit, type Io } from './io.ts';
import { problemLines } from './problems.ts';

const EXAMPLES = `
Examples:
  $ echo '{"text": "write to jane@example.com"}' | rankguard mask
  {"text": "write to <EMAIL_ADDRESS>"}

  $ rankguard mask --profile profile.yaml < body.json > masked.json
  $ rankguard mask --text < mail.txt`;

interface MaskOptions {
  readonly profile?: string;
  readonly text: boolean;
  readonly stats: boolean;
}

export function maskCommand(io: Io): Command {
  return new Command('mask')
    .description('Mask standard input to standard output, as the sidecar masks an answer.')
    .option('--profile <file>', 'YAML with one MaskingProfile (and the Secret of its tokenKey)')
    .option('--text', 'the input is plain text, not JSON', false)
    .option('--stats', 'say on standard error how many values were masked', false)
    .addHelpText('after', EXAMPLES)
    .action((options: MaskOptions) => mask(io, options));
}

async function mask(io: Io, options: MaskOptions): Promise<void> {
  const { masking, tokenKey } = await readProfile(options.profile);
  const kernel = createKernel();
  const createReader = () => createJsonReader({ kernel: createKernel() });
  const masker = createMasker({ kernel, createReader, masking, tokenKey });
  if (masking.fields.some(({ facts }) => facts.length > 0)) {
    io.stderr.write('note: rules by `facts` find nothing here: only a call has a query and documents\n');
  }
  const input = await buffer(io.stdin);
  let result: MaskResult;
  if (options.text) {
    result = masker.text(input);
  } else {
    const read = createJsonReader({ kernel }).read(input);
    if (!read.ok) {
      throw new Exit(
        EXIT.data,
        `${read.code}: ${read.message}\nNothing was written. For plain text use --text.`,
      );
    }
    result = masker.json(read.document, { queries: [], documents: [], results: [] }, []);
  }
  io.stdout.write(splice(input, result.edits));
  if (options.stats) io.stderr.write(`${JSON.stringify(result.counts)}\n`);
}

async function readProfile(
  file: string | undefined,
): Promise<{ readonly masking: ResolvedMasking; readonly tokenKey: Uint8Array | null }> {
  if (file === undefined) return { masking: DEFAULT_MASKING, tokenKey: null };
  const resources = await readFrom(file);
  const [profile, second] = resources.filter(isProfile);
  if (profile === undefined || second !== undefined) {
    throw new Exit(EXIT.data, `${file} must hold one MaskingProfile or ClusterMaskingProfile`);
  }
  const resolved = resolveMasking(profile, resources);
  if (!resolved.ok) throw new Exit(EXIT.data, problemLines(resolved.problems).trimEnd());
  const { masking } = resolved;
  return { masking, tokenKey: masking.tokenKey === null ? null : keyOf(resources, masking.tokenKey) };
}

type ReadProfile = Extract<ReadResource, { kind: 'MaskingProfile' | 'ClusterMaskingProfile' }>;

function isProfile(resource: ReadResource): resource is ReadProfile {
  return resource.kind === 'MaskingProfile' || resource.kind === 'ClusterMaskingProfile';
}

async function readFrom(file: string): Promise<readonly ReadResource[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { resources, problems } = readResources([{ file, text }]);
  if (problems.length > 0) throw new Exit(EXIT.data, problemLines(problems).trimEnd());
  return resources;
}

function keyOf(resources: readonly ReadResource[], { name, key }: SecretRef): Uint8Array | null {
  const secret = resources.find((resource) => resource.kind === 'Secret' && resource.name === name);
  return secret?.kind === 'Secret' ? (secretValues(secret.object).get(key) ?? null) : null;
}
