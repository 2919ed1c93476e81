import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { CompiledPolicy, Projection } from '@rankguard/contract';
import { meter } from '../../compiler/src/meter/index.ts';

let opa: string | undefined;

/** The pinned opa: the one that OPA names, else what tools/opa.sh finds or obtains. */
function opaPath(): string {
  opa ??=
    process.env['OPA'] ??
    execFileSync(join(import.meta.dirname, '../../tools/opa.sh'))
      .toString()
      .trim();
  return opa;
}

const MAX_OUTPUT = 64 * 1024 * 1024;
const ENTRYPOINT = 'rankguard/main/result';

/** Runs opa in a directory with these files; its standard output, and what it wrote to `take`. */
function runOpa(args: readonly string[], files: Readonly<Record<string, string>>, take?: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'rankguard-test-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    const { status, stdout, stderr } = spawnSync(opaPath(), args, { cwd: directory, maxBuffer: MAX_OUTPUT });
    if (status !== 0) throw new Error(`opa ${args[0]}: ${stdout}${stderr}`);
    return take === undefined ? stdout : readFileSync(join(directory, take));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What `opa eval` says: the value, or undefined. */
export function opaEval(
  query: string,
  rego: string,
  documents: { input?: unknown; data?: unknown } = {},
): unknown {
  const files = {
    'policy.rego': rego,
    'input.json': JSON.stringify(documents.input ?? {}),
    'data.json': JSON.stringify(documents.data ?? {}),
  };
  const args = ['eval', '-f', 'json', '-d', 'policy.rego', '-d', 'data.json', '-i', 'input.json', query];
  const { result } = JSON.parse(runOpa(args, files).toString()) as {
    result?: { expressions: { value: unknown }[] }[];
  };
  return result?.[0]?.expressions[0]?.value;
}

/** The module that `opa build -t wasm -O0` makes, not metered. */
export function compileWasm(files: Readonly<Record<string, string>>, entrypoint = ENTRYPOINT): Buffer {
  const args = ['build', '-t', 'wasm', '-O0', '-e', entrypoint, '-o', 'bundle.tar.gz', ...Object.keys(files)];
  const tar = gunzipSync(runOpa(args, files, 'bundle.tar.gz'));
  for (let at = 0; at < tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (name === '/policy.wasm') return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil((size || 0) / 512) * 512;
  }
  throw new Error('opa built no policy.wasm');
}

/** The same, metered. */
export function compileMetered(files: Readonly<Record<string, string>>, entrypoint = ENTRYPOINT): Uint8Array {
  return meter(compileWasm(files, entrypoint));
}

const VERBS = ['allow', 'deny', 'hold', 'mask', 'drop', 'rank', 'limit'];

/** A policy of package `rankguard.test` as a bundle carries it: wrapped, compiled, metered. */
export function compilePolicy(
  rego: string,
  rest: Partial<CompiledPolicy> & { readonly projection?: Projection } = {},
): CompiledPolicy {
  const defined = VERBS.filter((verb) => new RegExp(`^(default )?${verb}\\b`, 'm').test(rego));
  const wrapper = defined.map((verb) =>
    verb === 'allow'
      ? 'result.allow := data.rankguard.test.allow\nresult.allow := false if not data.rankguard.test.allow'
      : `result.${verb} := data.rankguard.test.${verb}`,
  );
  const files = {
    'policy.rego': `package rankguard.test\n\n${rego}`,
    'main.rego': `package rankguard.main\n\n${wrapper.join('\n')}\n`,
  };
  return {
    rankBy: [],
    mixesResults: false,
    name: 'shop/test',
    scope: 'namespace',
    mode: 'enforce',
    digest: '',
    wasm: Buffer.from(compileMetered(files)).toString('base64'),
    data: '{}',
    builtins: [],
    codes: [],
    projection: true,
    ...rest,
  };
}
