import type { PatchOperation } from '../injection/index.ts';

/** admission.k8s.io/v1 AdmissionRequest, as far as it is read. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly namespace?: string;
  readonly name?: string;
  readonly subResource?: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly userInfo: { readonly username?: string };
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly dryRun?: boolean;
}

/** What admission says of a request: a value, like every verdict. */
export type Answer =
  | {
      readonly allowed: true;
      readonly patch?: readonly PatchOperation[];
      /** Shown by kubectl; at most 256 bytes each. */
      readonly warnings?: readonly string[];
      /** Goes to the API server's audit log. */
      readonly annotations?: Readonly<Record<string, string>>;
    }
  | { readonly allowed: false; readonly code: string; readonly message: string };

const API_VERSION = 'admission.k8s.io/v1';
const MOST_WARNING = 250;

/** The request of an AdmissionReview; undefined when the body is none. */
export function readReview(body: unknown): AdmissionRequest | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { apiVersion, kind, request } = body as Readonly<Record<string, unknown>>;
  if (apiVersion !== API_VERSION || kind !== 'AdmissionReview') return undefined;
  if (typeof request !== 'object' || request === null) return undefined;
  const { uid, operation } = request as Readonly<Record<string, unknown>>;
  if (typeof uid !== 'string' || typeof operation !== 'string') return undefined;
  return request as AdmissionRequest;
}

/** The AdmissionReview that answers. A refusal is 403 and says its code first, as people and scripts look for it. */
export function reviewOf(uid: string, answer: Answer): object {
  return { apiVersion: API_VERSION, kind: 'AdmissionReview', response: { uid, ...response(answer) } };
}

function response(answer: Answer): object {
  if (!answer.allowed) {
    const { code, message } = answer;
    return { allowed: false, status: { code: 403, reason: 'Forbidden', message: `${code}: ${message}` } };
  }
  const { patch = [], warnings = [], annotations = {} } = answer;
  return {
    allowed: true,
    ...(patch.length > 0 && {
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    }),
    ...(warnings.length > 0 && { warnings: warnings.map((text) => text.slice(0, MOST_WARNING)) }),
    ...(Object.keys(annotations).length > 0 && { auditAnnotations: annotations }),
  };
}
