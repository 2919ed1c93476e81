export type { ControlPorts, ReviewedToken } from './ports.ts';
export { createControlServer } from './server.ts';
export { type BundleStore, createBundleStore, type StoredBundle } from './store.ts';
