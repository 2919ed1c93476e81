import {
  appendFlag,
  type CommandLine,
  commandLine,
  flagValues,
  isWrapped,
  replaceFlag,
} from './command-line.ts';
import { literalEnv, setEnv } from './env.ts';
import type { KnownServer, ServerSetting } from './servers.ts';
import type { Container, GuardingConnection } from './types.ts';

/** Variables of a relocated app that `relocate.env` and `relocate.args` may refer to as `$(NAME)`. */
export const RELOCATED_PORT_VARIABLE = 'RANKGUARD_APP_PORT';
export const RELOCATED_HOST_VARIABLE = 'RANKGUARD_APP_HOST';
const LOOPBACK = '127.0.0.1';

export type Relocation =
  | { readonly ok: true; readonly container: Container }
  | { readonly ok: false; readonly why: string };

export interface RelocationInput {
  readonly container: Container;
  readonly server: KnownServer | undefined;
  /** `relocate` of the connection. */
  readonly stated: GuardingConnection['spec']['ingress']['relocate'];
  /** The port that the app has in its manifest. */
  readonly appPort: number;
  /** The loopback port that it is moved to. */
  readonly to: number;
}

const no = (why: string): Relocation => ({ ok: false, why });

/** Moves an app to a loopback port by its own settings, or says why that cannot be done. */
export function relocate(input: RelocationInput): Relocation {
  if (input.stated !== undefined) return relocateAsStated(input, input.stated);
  if (input.server === undefined) {
    return no('it is not a server that Rankguard knows how to move; name it in `server` or state `relocate`');
  }
  return relocateKnown(input, input.server);
}

function relocateAsStated({ container, to }: RelocationInput, { env = {}, args = [] }: Stated): Relocation {
  const line = commandLine(container);
  if (args.length > 0 && isWrapped(line)) {
    return no('its command is wrapped in a shell, which does not hand on added arguments');
  }
  const given = line.args.slice(-args.length);
  const there = args.length > 0 && args.every((word, index) => given[index] === word);
  let environment = container.env ?? [];
  // Kubernetes expands $(NAME) from what stands before: the two variables come first.
  for (const [name, value] of Object.entries(env)) environment = setEnv(environment, name, { value });
  environment = setEnv(environment, RELOCATED_HOST_VARIABLE, { value: LOOPBACK });
  environment = setEnv(environment, RELOCATED_PORT_VARIABLE, { value: String(to) });
  return {
    ok: true,
    container: {
      ...container,
      env: variablesFirst(environment),
      ...(args.length > 0 && !there && { args: [...line.args, ...args] }),
    },
  };
}
type Stated = NonNullable<RelocationInput['stated']>;

function variablesFirst(env: NonNullable<Container['env']>): NonNullable<Container['env']> {
  const first = [RELOCATED_PORT_VARIABLE, RELOCATED_HOST_VARIABLE];
  return [
    ...env.filter(({ name }) => first.includes(name)),
    ...env.filter(({ name }) => !first.includes(name)),
  ];
}

function relocateKnown({ container, appPort, to }: RelocationInput, server: KnownServer): Relocation {
  if (server.unmovable !== null) return no(server.unmovable);
  const line = commandLine(container);
  if (isWrapped(line)) return no('its command is wrapped in a shell, whose flags cannot be rewritten');
  const words = [...line.command, ...line.args];
  if (words.includes('--')) return no('its command line holds `--`, after which flags cannot be placed');
  if (server.program !== null && !words.some((word) => word.split('/').at(-1) === server.program)) {
    return no(`its command line does not start ${server.program}, so that flags cannot be added`);
  }
  const flags = [...server.port.flags, ...server.host.flags];
  if (!isReadable(line, flags)) return no('its command line has a flag without a value');
  const other = otherPort(container, line, server.port, [appPort, to]);
  if (other !== undefined) {
    return no(`the app listens on ${other}, and the connection guards ${appPort}`);
  }
  const moved = apply(
    apply({ line, env: container.env ?? [] }, server.port, String(to)),
    server.host,
    LOOPBACK,
  );
  return { ok: true, container: withCommandLine(container, moved) };
}

/** Whether the command begins with a program, and each of the flags has a value that is no flag itself. */
function isReadable(line: CommandLine, flags: readonly string[]): boolean {
  const values = flagValues(line, flags);
  if (line.command[0]?.startsWith('-')) return false;
  return values.every((value) => value !== null && !value.startsWith('-'));
}

/** The port that the manifest itself gives the app, when it is none of those expected. */
function otherPort(
  container: Container,
  line: CommandLine,
  port: ServerSetting,
  expected: readonly number[],
): string | undefined {
  const flags = flagValues(line, port.flags);
  const fromEnv = port.env === null ? undefined : literalEnv(container.env ?? [], port.env);
  const values = flags.length > 0 ? flags : [fromEnv ?? null];
  return values
    .filter((value): value is string => value !== null && /^\d+$/.test(value))
    .find((value) => !expected.includes(Number(value)));
}

interface Settings {
  readonly line: CommandLine;
  readonly env: NonNullable<Container['env']>;
}

/** Flags beat variables in every server that has both, so that a flag that is there is rewritten too. */
function apply({ line, env }: Settings, { flags, env: variable }: ServerSetting, value: string): Settings {
  if (variable === null) return { line: appendFlag(line, flags, value), env };
  return { line: replaceFlag(line, flags, value), env: setEnv(env, variable, { value }) };
}

function withCommandLine(container: Container, { line, env }: Settings): Container {
  return {
    ...container,
    ...(line.command.length > 0 && { command: [...line.command] }),
    ...((line.args.length > 0 || container.args !== undefined) && { args: [...line.args] }),
    ...(env.length > 0 && { env }),
  };
}
