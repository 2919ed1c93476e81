import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { rankguard } from './io.ts';

const COMMANDS = [[], ['run'], ['policy'], ['policy', 'check'], ['policy', 'test'], ['mask'], ['version']];

test.each(COMMANDS.map((command) => [command.join(' '), command]))(
  '%s --help explains itself',
  async (name, command) => {
    const { code, stdout, stderr } = await rankguard([...command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^Usage: rankguard ${name}`));
    // No line is so long that a terminal breaks it in the middle of an example.
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(115);
  },
);

test.each([['run'], ['policy check'], ['policy test'], ['mask']])('%s --help has examples', async (name) => {
  const { stdout } = await rankguard([...name.split(' '), '--help']);
  const examples = stdout
    .split('\n')
    .filter((line) => /^\s+(\$|.*\|) rankguard/.test(line) || /^\s+\$ .*rankguard/.test(line));
  expect(examples.length).toBeGreaterThanOrEqual(2);
  for (const line of examples) expect(line).toContain(`rankguard ${name}`);
});

test('every option in the examples of the help exists', async () => {
  for (const command of COMMANDS) {
    const { stdout } = await rankguard([...command, '--help']);
    const [options = '', examples = ''] = stdout.split('Examples:');
    for (const option of examples.match(/(?<=\s)--?[a-z]+(?=\s)/g) ?? []) {
      expect([command, options]).toEqual([command, expect.stringContaining(option)]);
    }
  }
});

test('the example in the help of mask does what it says', async () => {
  const { stdout } = await rankguard(['mask', '--help']);
  const [, input, output] = /echo '(.+)' \| rankguard mask\n\s+(.+)\n/.exec(stdout)!;
  expect((await rankguard(['mask'], { stdin: `${input}\n` })).stdout).toBe(`${output}\n`);
});

test('the help names every exit code', async () => {
  const { stdout } = await rankguard(['--help']);
  const source = readFileSync(join(import.meta.dirname, '../../cli/src/io.ts'), 'utf8');
  const codes = [...source.slice(source.indexOf('EXIT = {')).matchAll(/^ {2}\w+: (\d+),$/gm)].map(
    ([, code]) => code,
  );
  expect(codes.length).toBeGreaterThanOrEqual(6);
  for (const code of codes) expect(stdout).toMatch(new RegExp(`^ {2}${code} `, 'm'));
});

test('version', async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect((await rankguard(['version'])).stdout).toMatch(
    new RegExp(`^rankguard ${version} \\(Node v\\d+[\\d.]+, \\w+/\\w+\\)\\n$`),
  );
  const json = await rankguard(['version', '--output', 'json']);
  expect(JSON.parse(json.stdout)).toEqual({
    version,
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
  });
});

const RUN = ['run', '-f', '.', '--upstream', 'http://127.0.0.1:1'];

test.each([
  ['an unknown command', ['nonsense'], "unknown command 'nonsense'"],
  ['an unknown option', ['mask', '--nonsense'], "unknown option '--nonsense'"],
  ['too many arguments', ['policy', 'check', 'a', 'b'], 'too many arguments'],
  ['no folder', ['policy', 'check'], "missing required argument 'dir'"],
  ['an unknown format', ['policy', 'test', '.', '-o', 'xml'], 'Allowed choices are table, json'],
  ['run without a folder', ['run', '--upstream', 'http://127.0.0.1:1'], "'-f, --file <dir>' not specified"],
  ['run without an upstream', ['run', '-f', '.'], "'--upstream <url>' not specified"],
  [
    'an upstream with a path',
    ['run', '-f', '.', '--upstream', 'http://a/b'],
    'expected an origin without a path',
  ],
  [
    'an upstream with a query',
    ['run', '-f', '.', '--upstream', 'http://a?b'],
    'expected an origin without a path',
  ],
  [
    'an upstream with a password',
    ['run', '-f', '.', '--upstream', 'http://a:b@c'],
    'expected an origin without a path',
  ],
  [
    'an upstream of another scheme',
    ['run', '-f', '.', '--upstream', 'ftp://a'],
    'expected an origin without a path',
  ],
  [
    'an upstream that is no URL',
    ['run', '-f', '.', '--upstream', '127.0.0.1:1'],
    'expected an origin without a path',
  ],
  ['an address without a port', [...RUN, '--listen', '127.0.0.1'], 'expected HOST:PORT'],
  ['a port that is too high', [...RUN, '--listen', ':65536'], 'expected HOST:PORT'],
  ['a bare IPv6 address', [...RUN, '--admin', '::1:80'], 'expected HOST:PORT'],
  ['an unknown log level', [...RUN, '--log-level', 'loud'], 'Allowed choices are debug, info, warn, error'],
  ['a time below 0', [...RUN, '--drain-seconds', '-1'], 'expected a number of seconds'],
  ['a time that is none', [...RUN, '--drain-seconds', 'soon'], 'expected a number of seconds'],
])('%s: 64, and what was expected', async (_, args, message) => {
  const { code, stdout, stderr } = await rankguard(args);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^error: /);
  expect([code, stdout]).toEqual([64, '']);
});

test.each([[[]], [['policy']]])('without a command the help is on standard error: %j', async (args) => {
  const { code, stdout, stderr } = await rankguard(args);
  expect([code, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(/^Usage: rankguard/);
});
