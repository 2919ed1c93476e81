import type { Problem } from '../problem/index.ts';
import type { ReasonCode } from '../reasons/index.ts';
import { API_VERSION } from './common.ts';
import { type ClusterKind, KIND_NAMES, KINDS, type Kind, type ResourceByKind } from './kinds.ts';
import { nearest } from './nearest.ts';
import { formatPath, type Path, parsePath } from './paths.ts';
import { structural } from './structural.ts';
import { validate } from './validate.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** A valid resource of one kind, and where its parts stand in the user's file. */
export interface ReadResourceOf<K extends Kind> {
  readonly kind: K;
  /** null for a kind of the whole cluster. */
  readonly namespace: K extends ClusterKind ? null : string;
  readonly name: string;
  /** Defaults applied. */
  readonly object: ResourceByKind[K];
  readonly file: string;
  /** 1-based line of the field at a path such as `spec.ingress.dialects[0]`; of its nearest parent when it is not written. */
  line(path: string): number;
  /** 1-based line of the file where line `n` of the text at a path stands, e.g. of a Rego module in a block scalar. */
  contentLine(path: string, n: number): number;
}
/** A valid resource; `kind` tells them apart. */
export type ReadResource = { readonly [K in Kind]: ReadResourceOf<K> }[Kind];

export interface SourceFile {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
}

/**
 * Reads the resources in YAML files, with every problem of all of them at once. Resources of other kinds
 * (Deployments, Services, …) are passed over, so that one directory serves a cluster and `rankguard run`.
 * Problems never quote values: any of them may be a secret.
 */
export function readResources(files: readonly SourceFile[]): {
  readonly resources: readonly ReadResource[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const resources: ReadResource[] = [];
  const seen = new Map<string, string>();
  for (const { file, text } of files) {
    const before = problems.length;
    for (const document of readYaml(text)) {
      const report = (
        path: Path,
        message: string,
        code: ReasonCode = 'CONFIG_INVALID',
        line = document.line(path),
      ) => {
        const where = path.length === 0 ? null : formatPath(path);
        problems.push({ severity: 'error', code, message, file, line, path: where });
      };
      const resource = readResource(file, document, report);
      if (resource === undefined) continue;
      const id = [resource.kind, resource.namespace, resource.name].filter((part) => part !== null).join('/');
      const first = seen.get(id);
      const place = `${file}:${resource.line('metadata.name')}`;
      if (first !== undefined) report(['metadata', 'name'], `${id} is already at ${first}; remove one`);
      else {
        seen.set(id, place);
        resources.push(resource);
      }
    }
    const inFile = problems.splice(before);
    problems.push(...inFile.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  return { resources, problems };
}

/**
 * Reads one resource as the API server gives it. There is no file: problems name `file` and a path, lines of
 * texts inside it are their own, and every other line is 0.
 */
export function readObject(
  value: unknown,
  file: string,
): { readonly resource: ReadResource | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const document: YamlDocument = { value, faults: [], line: () => 0, contentLine: (_, n) => n };
  const report: Report = (path, message, code = 'CONFIG_INVALID') =>
    problems.push({ severity: 'error', code, message, file, line: null, path: formatPath(path) || null });
  return { resource: readResource(file, document, report), problems };
}

type Report = (path: Path, message: string, code?: ReasonCode, line?: number) => unknown;

function readResource(file: string, document: YamlDocument, report: Report): ReadResource | undefined {
  const { value } = document;
  const kind = isObject(value) ? kindOf(value, report) : undefined;
  // What another tool makes of its own resources is not for us to judge.
  if (kind === null) return undefined;
  for (const { path, message, line } of document.faults) report(path, message, 'CONFIG_INVALID', line);
  if (value !== undefined && !isObject(value))
    report([], 'expected a resource with apiVersion, kind and metadata');
  if (!isObject(value) || kind === undefined) return undefined;

  const { value: object, issues } = validate(structural(KINDS[kind].schema), withoutServerFields(value));
  // A fault has said it already, and the value that stands in for it means nothing.
  const said = new Set(document.faults.map(({ path }) => formatPath(path)));
  for (const { path, message, code } of issues) if (!said.has(formatPath(path))) report(path, message, code);
  if (issues.length > 0 || document.faults.length > 0) return undefined;
  const { metadata } = object as { metadata: { name: string; namespace?: string } };
  return {
    kind,
    namespace: metadata.namespace ?? null,
    name: metadata.name,
    object,
    file,
    line: (path: string) => document.line(parsePath(path)),
    contentLine: (path: string, n: number) => document.contentLine(parsePath(path), n),
    // The schema of the kind has just been checked.
  } as ReadResource;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(KINDS, kind);

/** The kind of a resource of ours, null for somebody else's, undefined when it is reported as wrong. */
function kindOf(value: Record<string, unknown>, report: Report): Kind | null | undefined {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const missing = typeof apiVersion === 'string' ? 'kind' : 'apiVersion';
    report(
      [missing],
      `missing field \`${missing}\`: expected a Kubernetes resource with apiVersion, kind and metadata`,
    );
    return undefined;
  }
  if (isKind(kind)) {
    const expected = KINDS[kind].apiVersion;
    if (apiVersion === expected) return kind;
    // Another group may have a kind of the same name; a slip in our group's name must not switch a rule off.
    const group = apiVersion.split('/')[0]!;
    const slip =
      kind === 'Secret'
        ? !apiVersion.includes('/')
        : nearest(group, ['rankguard.dev']) || !/[./]/.test(group);
    if (!slip) return null;
    report(['apiVersion'], `expected ${expected} for the kind ${kind}`);
    return undefined;
  }
  const group = apiVersion.split('/')[0]!;
  if (nearest(group, ['rankguard.dev']) !== undefined) {
    const meant = nearest(kind, KIND_NAMES);
    const known = KIND_NAMES.filter((name) => KINDS[name].apiVersion === API_VERSION).join(', ');
    report(
      ['kind'],
      `unknown kind; ${meant === undefined ? `known are ${known}` : `did you mean ${meant}?`}`,
    );
    return undefined;
  }
  if (kind === 'List' && apiVersion === 'v1' && holdsOurs(value['items'])) {
    report(
      ['items'],
      'a List is not read; put each resource into a document of its own',
      'CONFIG_UNSUPPORTED',
    );
    return undefined;
  }
  return null;
}

function holdsOurs(items: unknown): boolean {
  return Array.isArray(items) && items.some((item) => isObject(item) && isKind(item['kind']));
}

const SERVER_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'ownerReferences',
  'finalizers',
  'selfLink',
];

/** What `kubectl get -o yaml` shows beyond what people write. */
function withoutServerFields(value: Record<string, unknown>): Record<string, unknown> {
  const { status: _status, ...written } = value;
  const metadata = written['metadata'];
  if (!isObject(metadata)) return written;
  return {
    ...written,
    metadata: Object.fromEntries(
      Object.entries(metadata).filter(([name]) => !SERVER_METADATA.includes(name)),
    ),
  };
}
