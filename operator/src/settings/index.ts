export * from './environment.ts';
export { type OperatorSettings, readSettings, type SidecarResources } from './read.ts';
