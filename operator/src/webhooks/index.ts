export {
  KINDS_WEBHOOK,
  kindWebhooks,
  type Owner,
  podWebhooks,
  type WebhookConfiguration,
  type WebhookInput,
  webhookName,
} from './configurations.ts';
export { ADMISSION_PATHS } from './paths.ts';
export { type AdmissionPolicy, admissionPolicies, POLICY_NAMES } from './policies.ts';
