import { codeOf } from '@rankguard/contract';
import { Command, CommanderError } from 'commander';
import { checkCommand } from './check/command.ts';
import { injectCommand } from './inject/command.ts';
import { EXIT, Exit, type ExitCode, type Io } from './io.ts';
import { maskCommand } from './mask/index.ts';
import { policyCommand } from './policy/index.ts';
import { runCommand } from './run/command.ts';
import { versionCommand } from './version.ts';

export { EXIT, type ExitCode, type Io } from './io.ts';

const EPILOG = `
Exit codes:
  0   done, nothing wrong found
  1   a check or a test failed
  64  wrong arguments
  65  a file that was read is invalid
  66  a file or folder cannot be read
  69  something that is needed is missing: opa, a free port, the upstream's address, the cluster
  70  a fault in rankguard`;

function createProgram(io: Io): Command {
  const program = new Command('rankguard')
    .description('Identity, policy, masking and evidence on the rerank hop.')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .showHelpAfterError('(--help shows the options)')
    .addHelpText('after', EPILOG)
    .exitOverride();
  for (const command of [
    runCommand(io),
    policyCommand(io),
    maskCommand(io),
    injectCommand(io),
    checkCommand(io),
    versionCommand(io),
  ]) {
    program.addCommand(inherit(command, program));
  }
  return program;
}

/** Commander copies output and exit settings only to commands that it makes itself. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inherit(child, command);
  return command;
}

/** Runs the command line and says how the process should end. Never rejects. */
export async function runProgram(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof Exit) {
      if (error.message !== '') io.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    const code = codeOf(error);
    io.stderr.write(
      `rankguard: ${code ?? 'INTERNAL'}: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return code === 'COMPILER_MISSING' || code === 'CLUSTER_UNAVAILABLE'
      ? EXIT.unavailable
      : code?.startsWith('CONFIG_')
        ? EXIT.data
        : EXIT.software;
  }
}
