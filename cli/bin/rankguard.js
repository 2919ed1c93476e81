#!/usr/bin/env -S node --max-semi-space-size=4 --v8-pool-size=1
// A sidecar has one core or so: one helper thread and a small young generation keep it under 100 MB at rest and
// some 30 MB smaller under load, for the same throughput (make bench).
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

// Compiled code of the last start is read back instead of being made again.
enableCompileCache?.();
const main = new URL('../dist/rankguard.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('rankguard is not built; run `make build` first\n');
  process.exit(69);
}
await import(main.href);
