import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { SourceFile } from '@rankguard/contract/resources';
import { type InjectionResult, type InjectionSettings, inject } from '@rankguard/operator/injection';
import { Command } from 'commander';
import { isDirectory, readYamlFiles } from '../files.ts';
import { EXIT, Exit, type Io, table } from '../io.ts';
import { type Manifest, type Manifests, namespaceOf, podAt, podPath, readManifests } from './manifests.ts';

const EXAMPLES = `
Shows what the operator makes of pods, workloads and their templates. The files hold them, their Services and the
RerankConnections that select them; no cluster is asked. Keys and certificates of the operator are shown as "(operator)".

Examples:
  $ rankguard inject -f deployment.yaml -f connection.yaml | diff deployment.yaml -
  $ rankguard inject -f manifests/ --output table
  $ helm template my-reranker | rankguard inject -f - -f connection.yaml --output table`;

interface InjectOptions {
  readonly filename: readonly string[];
  readonly output: 'yaml' | 'json' | 'table';
  readonly image: string;
}

export function injectCommand(io: Io): Command {
  return new Command('inject')
    .description('Show pods as admission injects them, from files.')
    .requiredOption('-f, --filename <path...>', 'YAML files, folders, or - for standard input')
    .option('--image <image>', "the sidecar's image", 'rankguard-sidecar')
    .option('-o, --output <format>', 'yaml (the manifests), table or json (what becomes of each)', 'yaml')
    .addHelpText('after', EXAMPLES)
    .action((options: InjectOptions) => injectFiles(io, options));
}

/** What became of one manifest. */
interface Outcome {
  readonly manifest: Manifest;
  readonly result: InjectionResult;
}

async function injectFiles(io: Io, { filename, output, image }: InjectOptions): Promise<void> {
  if (!['yaml', 'json', 'table'].includes(output)) {
    throw new Exit(EXIT.usage, `--output must be yaml, json or table`);
  }
  const manifests = readManifests(await readSources(io, filename));
  const outcomes = injectAll(manifests, settingsOf(image));
  for (const { manifest, result } of outcomes) {
    for (const line of remarks(result)) io.stderr.write(`${nameOf(manifest)}: ${line}\n`);
  }
  const refused = outcomes.filter(({ result }) => result.kind === 'refused');
  io.stdout.write(FORMATS[output](manifests, outcomes));
  if (refused.length > 0) throw new Exit(EXIT.found, '');
}

async function readSources(io: Io, paths: readonly string[]): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const path of paths) {
    if (path === '-') sources.push({ file: '-', text: await text(io.stdin) });
    else if (await isDirectory(path)) sources.push(...(await readYamlFiles(path)));
    else sources.push({ file: path, text: await readOne(path) });
  }
  return sources;
}

async function readOne(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Exit(EXIT.noInput, `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function injectAll({ all, services, connections }: Manifests, settings: InjectionSettings): Outcome[] {
  return all.flatMap((manifest) => {
    const path = podPath(manifest);
    const pod = path && podAt(manifest, path);
    if (pod === undefined) return [];
    const namespace = namespaceOf(manifest.object);
    const input = { pod, namespace, services: services.get(namespace) ?? [], connections, settings };
    return [{ manifest, result: inject(input) }];
  });
}

/** The operator alone has the real ones; the chart's own values stand for the rest. */
function settingsOf(image: string): InjectionSettings {
  return {
    image,
    imagePullPolicy: 'IfNotPresent',
    version: '(operator)',
    controlUrl: 'https://rankguard.rankguard-system.svc:8443',
    controlCa: '(operator)',
    rootKeys: ['(operator)'],
    resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { cpu: '1', memory: '512Mi' } },
  };
}

function remarks(result: InjectionResult): readonly string[] {
  if (result.kind === 'not-selected') return [];
  if (result.kind === 'refused') {
    const { code, message, connection } = result.refusal;
    return [`refused: ${code}: ${connection === null ? '' : `connection ${connection}: `}${message}`];
  }
  return [
    ...result.conflicted.map(
      ({ connection, winner }) =>
        `warning: connection ${connection} does not guard it: ${winner} has its port`,
    ),
    ...result.warnings.map((warning) => `warning: ${warning}`),
  ];
}

function nameOf({ object }: Manifest): string {
  const { name, generateName } = object.metadata ?? {};
  return `${object.kind} ${namespaceOf(object)}/${name ?? generateName ?? ''}`;
}

type Format = (manifests: Manifests, outcomes: readonly Outcome[]) => string;

const FORMATS: Readonly<Record<InjectOptions['output'], Format>> = {
  yaml({ all }, outcomes) {
    const documents = all
      .filter(({ object }) => object.kind !== undefined)
      .map((manifest) => {
        const outcome = outcomes.find((one) => one.manifest === manifest);
        // A refused pod would not exist: it is not shown as if it did.
        if (outcome?.result.kind === 'refused') return undefined;
        if (outcome?.result.kind === 'injected') write(manifest, outcome.result);
        return manifest.document.toString({ lineWidth: 0 }).replace(/^---\n/, '');
      });
    return documents.filter((document) => document !== undefined).join('---\n');
  },
  json: (_, outcomes) => `${JSON.stringify(outcomes.map(summary), null, 2)}\n`,
  table(_, outcomes) {
    const head = ['RESOURCE', 'RESULT', 'CONNECTION', 'CAPTURE', 'CONTAINER'];
    const rows = outcomes.flatMap((outcome) => {
      const { resource, result, guarded } = summary(outcome);
      if (guarded.length === 0) return [[resource, result, '-', '-', '-']];
      return guarded.map((one) => [resource, result, one.connection, one.capture, one.container]);
    });
    return table([head, ...rows]);
  },
};

function summary({ manifest, result }: Outcome) {
  return {
    resource: nameOf(manifest),
    result: result.kind,
    guarded: result.kind === 'injected' ? result.guarded : [],
    remarks: remarks(result),
  };
}

/** Metadata and spec alone change; comments and order of the rest stay as they were written. */
function write(manifest: Manifest, { pod }: Extract<InjectionResult, { kind: 'injected' }>): void {
  const path = podPath(manifest) ?? [];
  manifest.document.setIn([...path, 'metadata'], manifest.document.createNode(pod.metadata));
  manifest.document.setIn([...path, 'spec'], manifest.document.createNode(pod.spec));
}
