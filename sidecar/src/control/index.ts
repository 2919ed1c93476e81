export { type AuditShipper, createAuditShipper } from './audit.ts';
export { type ControlClient, type ControlClientOptions, createControlClient } from './client.ts';
export { createFollower, type Follower, type FollowerDeps } from './follower.ts';
export { createKeptBundles, type Kept, type KeptBundles } from './kept.ts';
export { createUsageExchange, type UsageExchange } from './usage.ts';
