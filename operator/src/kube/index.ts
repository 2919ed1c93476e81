export { createBackoff, pause } from './backoff.ts';
export {
  type ApplyOptions,
  createKube,
  type Kube,
  type ListPage,
  type ObjectName,
  type Scope,
  type WatchOptions,
} from './client.ts';
export { createElection, type Election, type ElectionTimings } from './election.ts';
export { isConflict, isNotFound, KubeError, statusOf, unlessMissing } from './errors.ts';
export { createFreshReads, type FreshReads } from './fresh.ts';
export { microTime, wholeSeconds } from './micro-time.ts';
export { createWorkQueue, type WorkQueue } from './queue.ts';
export {
  createReflector,
  type Reflector,
  type ReflectorLog,
  type ReflectorMetrics,
  type ReflectorTimings,
} from './reflector.ts';
export { RESOURCES } from './resources.ts';
export { type Access, type ReviewedToken, reviewAccess, reviewToken, type Subject } from './reviews.ts';
export type { Change, Store } from './store.ts';
export { createTransport, type Transport } from './transport.ts';
export { apiVersionOf, type KubeObject, keyOf, type Meta, type Resource, splitKey } from './types.ts';
