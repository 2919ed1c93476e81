export * from '../webhooks/index.ts';
export { createAdmission } from './app.ts';
export { mutatePod, validatePod } from './pods.ts';
export type { Accepted, AdmissionPorts } from './ports.ts';
export type { AdmissionRequest, Answer } from './review.ts';
