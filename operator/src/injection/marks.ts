import { ANNOTATIONS, type Capture } from '@rankguard/contract/pod';
import type { Pod } from './types.ts';

/** Connections that guard a pod, each with its capture, by admission's own mark (`search=relocate`). */
export function guardsOf({ metadata }: Pick<Pod, 'metadata'>): ReadonlyMap<string, Capture> {
  const text = metadata?.annotations?.[ANNOTATIONS.connections] ?? '';
  const parts = text.split(',').filter((part) => part !== '');
  return new Map(parts.map((part) => part.split('=') as [string, Capture]));
}
