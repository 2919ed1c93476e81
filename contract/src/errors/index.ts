import type { FaultCode } from '../reasons/index.ts';

/**
 * The one error class of the project. Only faults are thrown; a denial is a {@link Verdict}.
 * Compare `code`, never `instanceof`: errors cross realms (workers, test runners).
 */
export class CodedError extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CodedError';
    this.code = code;
  }
}

/** The code of a thrown value, or undefined when it is not one of ours. */
export function codeOf(error: unknown): FaultCode | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return (error as { name?: unknown }).name === 'CodedError' ? (error as CodedError).code : undefined;
}
