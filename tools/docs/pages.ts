import { cliPage } from './cli.ts';
import { dialectsPage } from './dialects.ts';
import { factsPage } from './facts.ts';
import { inputSchemaFile, libraryPage } from './library.ts';
import { metricsPage } from './metrics.ts';
import { reasonsPage } from './reasons.ts';
import { resourcesPage } from './resources.ts';

/** Every page of the reference that is made from the code, by its path in the project. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/reference/cli.md', await cliPage()],
    ['docs/reference/dialects.md', dialectsPage()],
    ['docs/reference/facts.md', factsPage()],
    ['docs/reference/metrics.md', await metricsPage()],
    ['docs/reference/policy-library.md', libraryPage()],
    ['docs/reference/reasons.md', reasonsPage()],
    ['docs/reference/resources.md', resourcesPage()],
    ['policies-rego/schema/input.json', inputSchemaFile()],
  ]);
}
