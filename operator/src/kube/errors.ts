import { CodedError } from '@rankguard/contract';

/** What the API server answered, or why it could not be asked. */
export class KubeError extends CodedError {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** metav1.Status reason, e.g. `NotFound`, `Conflict`, `Expired`; empty when there was none. */
  readonly reason: string;
  /** Seconds after which the server asks to be asked again; undefined when it did not say. */
  readonly retryAfter: number | undefined;

  constructor(message: string, { status = 0, reason = '', retryAfter, cause }: KubeErrorDetails = {}) {
    const code = status === 0 || status === 429 || status >= 500 ? 'CLUSTER_UNAVAILABLE' : 'CLUSTER_REFUSED';
    super(code, message, { cause });
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export interface KubeErrorDetails {
  readonly status?: number;
  readonly reason?: string;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** The HTTP status of a failure that came from the API server; undefined for any other. */
export function statusOf(error: unknown): number | undefined {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  const ours = code === 'CLUSTER_UNAVAILABLE' || code === 'CLUSTER_REFUSED';
  return ours && typeof status === 'number' ? status : undefined;
}

export const isNotFound = (error: unknown) => statusOf(error) === 404;
/** The object that a read gives; undefined when the API server has none of that name. */
export async function unlessMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export const isConflict = (error: unknown) => statusOf(error) === 409;
