import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeChart } from '../chart/write.ts';
import { generatedPages } from './pages.ts';

/** Writes the generated pages of the reference, and of the chart. */
const root = join(import.meta.dirname, '../..');
for (const [path, text] of await generatedPages()) {
  writeFileSync(join(root, path), text);
  process.stdout.write(`${path}\n`);
}
writeChart();
