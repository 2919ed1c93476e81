import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeChart } from '../chart/write.ts';
import { crdFiles } from './index.ts';

/** Writes crds/, and the chart, which carries them. */
const root = join(import.meta.dirname, '../..');
mkdirSync(join(root, 'crds'), { recursive: true });
for (const [path, text] of crdFiles()) {
  writeFileSync(join(root, path), text);
  process.stdout.write(`${path}\n`);
}
writeChart();
