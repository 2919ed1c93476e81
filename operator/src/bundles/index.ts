export {
  createPublisher,
  type InForce,
  type Publisher,
  type PublisherDeps,
  type SignBundle,
} from './publisher.ts';
export {
  readSnapshot,
  SNAPSHOT_LABEL,
  type Snapshot,
  type SnapshotObject,
  snapshotName,
  snapshotObject,
  trimSnapshot,
} from './snapshot.ts';
