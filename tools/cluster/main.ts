import { join } from 'node:path';
import { BINARY_NAMES, type BinaryName, createBinaryStore } from './binaries.ts';

const root = join(import.meta.dirname, '../..');
const cache = process.env['RANKGUARD_TOOLS_CACHE'] ?? join(root, 'tools/.cache');
const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`);

const [command, ...args] = process.argv.slice(2);
if (command === 'binaries') {
  const store = createBinaryStore({ cache, say });
  await store.obtain(args.length > 0 ? (args as BinaryName[]) : BINARY_NAMES);
}
