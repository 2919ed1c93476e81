export type { ControlPorts, ReviewedToken } from './ports.ts';
export { type ControlServer, createControlServer } from './server.ts';
export { type BundleStore, createBundleStore, type StoredBundle } from './store.ts';
