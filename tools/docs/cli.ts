import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { code, generatedPage } from './markdown.ts';

const run = promisify(execFile);
const HELP = fileURLToPath(new URL('./help/main.ts', import.meta.url));

/** docs/reference/cli.md, from the commands' own help. */
export async function cliPage(): Promise<string> {
  const { stdout } = await run(process.execPath, ['-C', 'source', '--no-warnings', HELP]);
  const pages = Object.entries(JSON.parse(stdout) as Record<string, string>);
  return generatedPage('Command line', 'cli/src', [
    `After \`make build\`, \`npx rankguard\` in the project's folder runs the command line. In a checkout \`opa\` is found or
obtained by \`tools/opa.sh\`; the environment variable \`RANKGUARD_OPA\` names another one. \`NO_COLOR\` switches colours
off.`,
    ...pages.flatMap(([command, help]) => [`## ${code(command)}`, `\`\`\`text\n${help.trimEnd()}\n\`\`\``]),
  ]);
}
