/** Errors of the API. Over HTTP the body of the response is a `metav1.Status`. */

/** The `metav1.StatusReason`s that devcluster uses, with their HTTP status. */
export const statusCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  UnsupportedMediaType: 415,
  RequestEntityTooLarge: 413,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  Timeout: 504,
} as const;
export type StatusReason = keyof typeof statusCodes;

export type StatusCause = { reason: string; message: string; field: string };

/** `metav1.StatusDetails`. */
export type StatusDetails = {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
};

export class StatusError extends Error {
  readonly reason: StatusReason;
  readonly details: StatusDetails;

  constructor(reason: StatusReason, message: string, details: StatusDetails = {}) {
    super(message);
    this.name = 'StatusError';
    this.reason = reason;
    this.details = details;
  }

  get code(): number {
    return statusCodes[this.reason];
  }
}
