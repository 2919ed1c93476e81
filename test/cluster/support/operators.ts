import { eventually, get, kubectl } from './kubectl.ts';
import { RELEASE, SYSTEM } from './settings.ts';

const deployment = `deployment/${RELEASE}`;

/** Ends every operator; resolves when nobody is left but `besides`. */
export async function stopOperators(besides?: string): Promise<void> {
  await kubectl(['-n', SYSTEM, 'scale', deployment, '--replicas=0']);
  await eventually(async () => {
    const { items } = await get<{ items: { metadata: { name: string } }[] }>('pods', '-n', SYSTEM);
    const left = items.map(({ metadata }) => metadata.name).filter((name) => name !== besides);
    if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`);
  }, 90_000);
}

/** Brings them back; resolves when they are ready. */
export async function startOperators(): Promise<void> {
  await kubectl(['-n', SYSTEM, 'scale', deployment, '--replicas=2']);
  await kubectl(['-n', SYSTEM, 'rollout', 'status', deployment, '--timeout=120s']);
}
