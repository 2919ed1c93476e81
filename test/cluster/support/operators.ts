import { eventually, get, kubectl } from './kubectl.ts';
import { RELEASE, SYSTEM } from './settings.ts';

const deployment = `deployment/${RELEASE}`;

/** Ends every operator; resolves when none is left. */
export async function stopOperators(): Promise<void> {
  await kubectl(['-n', SYSTEM, 'scale', deployment, '--replicas=0']);
  await eventually(async () => {
    const { items } = await get<{ items: unknown[] }>('pods', '-n', SYSTEM);
    if (items.length > 0) throw new Error(`${items.length} operators are still there`);
  }, 90_000);
}

/** Brings them back; resolves when they are ready. */
export async function startOperators(): Promise<void> {
  await kubectl(['-n', SYSTEM, 'scale', deployment, '--replicas=2']);
  await kubectl(['-n', SYSTEM, 'rollout', 'status', deployment, '--timeout=120s']);
}
