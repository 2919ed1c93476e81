import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

test("the sidecar's image runs Node with the flags that `rankguard run` is measured with", () => {
  const flags = /--\S+=\d+(?: --\S+=\d+)*/.exec(read('cli/bin/rankguard.js'))?.[0].split(' ') ?? [];
  expect(flags.length).toBeGreaterThan(1);
  const entrypoint = JSON.parse(
    /^ENTRYPOINT (.*)$/m.exec(read('sidecar/Dockerfile'))?.[1] ?? '[]',
  ) as string[];
  expect(entrypoint).toEqual(['/nodejs/bin/node', ...flags, '/app/dist/main.js']);
});
