import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, sign, startIssuer, type TestIssuer } from '../identity/issuer.ts';
import { leaksIn } from '../support/personal.ts';
import {
  AUDIENCE,
  type ConnectionOptions,
  GROUP,
  resourcesYaml,
  UPSTREAM_KEY,
} from '../support/resources.ts';
import { type RawUpstream, startUpstream } from '../support/upstream.ts';
import { type Run, type RunOptions, startRun, stateFolder, temporaryFolder } from './process.ts';

export type Resource = Readonly<Record<string, unknown>> & { readonly kind: string };
/** Changes resources on their way to the folder. */
export type Change = (resources: Resource[]) => Resource[];

/** Issuer, upstream, and a folder of resources; what runs in front of them is started by the tests. */
export interface World {
  readonly config: string;
  readonly state: string;
  readonly upstream: RawUpstream;
  readonly issuer: TestIssuer;
  readonly token: string;
  /** Writes the folder's one file in one step. */
  write(options?: Partial<ConnectionOptions>, change?: Change): void;
  /** Any text in place of it. */
  writeText(text: string): void;
  start(options?: Partial<RunOptions>): Promise<Run>;
  /**
   * What of this all programs of this world have told, in their output and on their admin ports: tokens, keys,
   * personal data, and the texts given.
   */
  told(texts: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

export const FILE = 'all.yaml';

export async function createWorld(): Promise<World> {
  const folder = temporaryFolder();
  const config = temporaryFolder();
  const key = await createKey('ES256', 'key-1');
  const issuer = await startIssuer({ keys: [key.jwk] });
  const upstream = await startUpstream();
  const seconds = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: 'ann', groups: [GROUP], iat: seconds };
  const token = await sign(key, { ...claims, exp: seconds + 3600 });
  const state = stateFolder(folder.path);
  const runs: Run[] = [];

  function writeText(text: string): void {
    // Not seen before it has its name: a folder is never read in the middle of a write.
    const draft = join(folder.path, 'draft');
    writeFileSync(draft, text);
    renameSync(draft, join(config.path, FILE));
  }
  return {
    config: config.path,
    state,
    upstream,
    issuer,
    token,
    writeText,
    write(options = {}, change = (resources) => resources) {
      const yaml = resourcesYaml({ issuer: issuer.issuer, ...options });
      const resources = yaml.split('\n---\n').map((text) => JSON.parse(text) as Resource);
      writeText(
        change(resources)
          .map((resource) => JSON.stringify(resource, null, 2))
          .join('\n---\n'),
      );
    },
    async start(options = {}) {
      const run = await startRun({ config: config.path, state, upstream: upstream.url, ...options });
      runs.push(run);
      return run;
    },
    async told(texts) {
      const pages = runs.flatMap((run) =>
        ['/metrics', '/config'].map((path) => run.admin(path).catch(() => null)),
      );
      const found = (await Promise.all(pages)).map((page) => page?.text ?? '');
      const all = [...found, ...runs.map((run) => run.output())].join('\n');
      const [, claims64 = '', signature = ''] = token.split('.');
      const secrets = [claims64, signature, UPSTREAM_KEY, ...texts];
      return [...leaksIn(all), ...secrets.filter((secret) => all.includes(secret))];
    },
    async close() {
      await Promise.all(runs.map((run) => run.kill()));
      await upstream.close();
      await issuer.close();
      folder.remove();
      config.remove();
    },
  };
}

/** Replaces members of the specs, or of the whole, of resources of one kind. */
export function patch(
  kind: string,
  members: (resource: Resource) => Readonly<Record<string, unknown>>,
): Change {
  return (resources) => resources.map((one) => (one.kind === kind ? { ...one, ...members(one) } : one));
}
