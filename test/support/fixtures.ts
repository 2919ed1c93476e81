import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A call of a dialect as it stands on the wire, kept beside the dialect in `fixtures/`. */
export interface DialectFixture {
  /** `dialect/name`. */
  readonly name: string;
  /** Where the form of this call comes from. */
  readonly source: string;
  readonly path: string;
  readonly request: unknown;
  readonly response: unknown;
}

const DIALECTS = join(import.meta.dirname, '../../sidecar/src/dialects');

/** All calls, by folder and name. */
export function dialectFixtures(): readonly DialectFixture[] {
  return readdirSync(DIALECTS, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[^/]+\/fixtures\/[^/]+\.json$/.test(path))
    .sort()
    .map((path) => {
      const name = path.replace('/fixtures/', '/').replace('.json', '');
      return { name, ...JSON.parse(readFileSync(join(DIALECTS, path), 'utf8')) };
    });
}
