/** Maps responses of the API server, and missing ones, to AppError. No other file does. */
import type { ErrorCode } from '../../platform/errors.ts';
import { AppError } from '../../platform/errors.ts';
import { recordOf } from '../../platform/record.ts';

/** The fields of a `Status` that matter here. */
export type StatusBody = { code?: number; reason?: string; message?: string };

/** A Status may quote a whole object; a log line or a condition must not. */
const maxMessageLength = 500;

const codes: Record<number, { code: ErrorCode; retryable: boolean }> = {
  // 401: the token may just have been rotated.
  401: { code: 'KUBERNETES_FORBIDDEN', retryable: true },
  403: { code: 'KUBERNETES_FORBIDDEN', retryable: false },
  404: { code: 'KUBERNETES_NOT_FOUND', retryable: false },
  408: { code: 'KUBERNETES_UNAVAILABLE', retryable: true },
  409: { code: 'KUBERNETES_CONFLICT', retryable: true },
  410: { code: 'KUBERNETES_EXPIRED', retryable: true },
  429: { code: 'KUBERNETES_UNAVAILABLE', retryable: true },
};

/** Message of a server-side apply with a field of the wrong type, or to an object that has one. The status is 500, although the object is invalid. */
const mistypedApply = /^failed to create typed (patch|live) object/;

/** Any other 4xx means that the request is invalid; everything else, that the server or a proxy in front of it is unhealthy. */
function classify(httpStatus: number, message: string): { code: ErrorCode; retryable: boolean } {
  const wrongRequest = (httpStatus >= 400 && httpStatus < 500) || mistypedApply.test(message);
  return (
    codes[httpStatus] ?? {
      code: wrongRequest ? 'KUBERNETES_INVALID' : 'KUBERNETES_UNAVAILABLE',
      retryable: !wrongRequest,
    }
  );
}

/** `call`: verb and path of the request. */
export function statusError(call: string, httpStatus: number, status: StatusBody): AppError {
  const message = (status.message ?? 'no message').slice(0, maxMessageLength);
  const { code, retryable } = classify(httpStatus, message);
  return new AppError(code, `${call}: ${httpStatus} ${status.reason ?? ''}: ${message}`, {
    source: 'kubernetes',
    retryable,
  });
}

/** No complete response: connection refused or reset, timeout, no credentials. */
export function networkError(call: string, cause: unknown): AppError {
  return new AppError('KUBERNETES_UNAVAILABLE', `${call}: no response`, {
    source: 'kubernetes',
    retryable: true,
    cause,
  });
}

export function readStatus(value: unknown): StatusBody {
  const { code, reason, message } = recordOf(value);
  return {
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}

/** Returns the Status in a response body; a proxy in front of the server may send any other body. */
export function parseStatus(body: string): StatusBody {
  try {
    return readStatus(JSON.parse(body));
  } catch {
    return { message: body };
  }
}
