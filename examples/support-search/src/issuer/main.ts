import { parseArgs } from 'node:util';
import { createIssuer, PEOPLE } from './index.ts';

const USAGE = `An OpenID Connect issuer for the example (oidc-provider), on loopback.

  node -C source examples/support-search/src/issuer/main.ts [--port 9400]

Environment: PORT. Keys are new at each start. SIGHUP rotates the signing key.
Clients: ${PEOPLE.map(({ clientId, secret }) => `${clientId}:${secret}`).join(', ')}
`;

function log(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string', short: 'p' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const port = Number(values.port ?? process.env['PORT'] ?? '9400');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('the port must be from 0 to 65535');
  const issuer = await createIssuer({ port });
  log({ message: 'ready', url: issuer.url });
  process.on('SIGHUP', () => {
    void issuer.rotate().then(() => log({ message: 'signing key rotated' }));
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void issuer.close());
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
