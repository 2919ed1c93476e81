import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { verifyInjection } from './verify.ts';

/** What `helm test` runs: see that a pod which a connection selects comes back guarded. Nothing is left behind. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const PATIENCE_MS = 60_000;

const namespace = process.argv[2] ?? '';
const deadline = performance.now() + PATIENCE_MS;
for (;;) {
  const found = await verifyInjection({
    server: `https://${process.env['KUBERNETES_SERVICE_HOST']}:${process.env['KUBERNETES_SERVICE_PORT']}`,
    authority: readFileSync(`${ACCOUNT}/ca.crt`, 'utf8'),
    token: readFileSync(`${ACCOUNT}/token`, 'utf8'),
    namespace,
  });
  if (found.guarded || performance.now() > deadline) {
    process.stdout.write(`${found.message}\n`);
    process.exitCode = found.guarded ? 0 : 1;
    break;
  }
  await setTimeout(1_000);
}
