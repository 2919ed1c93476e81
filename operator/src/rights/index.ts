export { createRightsReader, type Rights } from './read.ts';
export { type Binding, type Grant, grantsIn, type RoleRules, WAYS_IN, type WayIn } from './rules.ts';
