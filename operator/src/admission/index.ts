export { createAdmission } from './app.ts';
export { ADMISSION_PATHS } from './paths.ts';
export { guardingNames, mutatePod, validatePod } from './pods.ts';
export { type AdmissionPolicy, admissionPolicies, POLICY_NAMES } from './policies.ts';
export type { Accepted, AdmissionPorts } from './ports.ts';
export type { AdmissionRequest, Answer } from './review.ts';
export {
  KINDS_WEBHOOK,
  kindWebhooks,
  type Owner,
  podWebhooks,
  type WebhookConfiguration,
  type WebhookInput,
  webhookName,
} from './webhooks.ts';
