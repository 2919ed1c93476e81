import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import type { Io } from './io.ts';

const require = createRequire(import.meta.url);

export function versionCommand(io: Io): Command {
  return new Command('version')
    .description('Print the version.')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'),
    )
    .action(({ output }: { output: string }) => {
      const { version } = require('../package.json') as { version: string };
      const facts = { version, node: process.version, platform: `${process.platform}/${process.arch}` };
      io.stdout.write(
        output === 'json'
          ? `${JSON.stringify(facts)}\n`
          : `rankguard ${facts.version} (Node ${facts.node}, ${facts.platform})\n`,
      );
    });
}
