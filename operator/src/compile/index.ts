export { MOST_MESSAGES, messagesOf } from './messages.ts';
export { createPlanner, type Plan, type PlanInput, type Planner, type PolicyVerdict } from './planner.ts';
export { createStoredReader, type InstalledSchema, type ReadStored, type StoredResource } from './stored.ts';
