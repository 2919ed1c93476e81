import type { Dialect } from './types.ts';

type ErrorShape = Dialect['error'];

const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  413: 'BadRequestError',
  429: 'RateLimitError',
  503: 'ServiceUnavailableError',
};

/** `{error: {message, type, param, code}}`, as OpenAI's API and those that follow it. */
export const openaiError: ErrorShape = (status, _code, message) => ({
  error: { message, type: TYPES[status] ?? 'InternalServerError', param: null, code: status },
});
/** `{detail}`, as FastAPI. */
export const detailError: ErrorShape = (_status, _code, message) => ({ detail: message });
/** `{error}`, a sentence. */
export const plainError: ErrorShape = (_status, _code, message) => ({ error: message });
