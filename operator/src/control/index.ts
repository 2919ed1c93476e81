export type { ControlPorts, ReviewedToken } from './ports.ts';
export { type BundleStore, createBundleStore, type StoredBundle } from './store.ts';
