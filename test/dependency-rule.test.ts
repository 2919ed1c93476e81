import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** contract ← sidecar ← compiler ← operator ← cli; nothing points the other way. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  sidecar: ['contract'],
  compiler: ['contract', 'sidecar'],
  operator: ['contract', 'sidecar', 'compiler'],
  cli: ['contract', 'sidecar', 'compiler', 'operator'],
};
const root = join(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('assembly'))
    .map((name) => join(folder, 'src', name));
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '');
}

describe.each(Object.entries(MAY_USE))('%s', (folder, allowed) => {
  const files = sources(folder);

  test('imports no workspace but the ones before it, and no file outside itself', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter((name) => {
          const workspace = /^@rankguard\/([^/]+)/.exec(name)?.[1];
          if (workspace !== undefined) return !allowed.includes(workspace);
          return name.startsWith('.') && !join(file, '..', name).startsWith(`${folder}/`);
        })
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('imports only packages that it declares', () => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const declared = Object.keys(manifest.dependencies ?? {});
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .map((name) =>
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
        )
        .filter((name) => !declared.includes(name))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('reads the environment only in main.ts', () => {
    const wrong = files.filter(
      (file) => !file.endsWith('main.ts') && readFileSync(join(root, file), 'utf8').includes('process.env'),
    );
    expect(wrong).toEqual([]);
  });
});

test('the sidecar knows neither operator nor a Kubernetes client', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'sidecar/package.json'), 'utf8'));
  expect(Object.keys(manifest.dependencies)).not.toContain('@kubernetes/client-node');
});
