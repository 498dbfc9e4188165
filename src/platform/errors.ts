/** The one error type. What goes wrong is data: a stable code, whose fault it is, and whether trying again can help. */
import { inspect } from 'node:util';

export type ErrorSource = 'kubernetes' | 'upstream' | 'downstream' | 'internal';

export type ErrorCode =
  | 'KUBERNETES_NOT_FOUND'
  | 'KUBERNETES_CONFLICT'
  | 'KUBERNETES_EXPIRED'
  | 'KUBERNETES_INVALID'
  | 'KUBERNETES_FORBIDDEN'
  | 'KUBERNETES_UNAVAILABLE'
  | 'OPERATOR_UNREACHABLE'
  | 'OPERATOR_REFUSED'
  | 'CONFIG_INVALID'
  | 'TABLE_INVALID'
  | 'LEASE_LOST'
  | 'INTERNAL';

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly source: ErrorSource;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: { source: ErrorSource; retryable: boolean; cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'AppError';
    this.code = code;
    this.source = options.source;
    this.retryable = options.retryable;
  }
}

/** One line for a log or a condition: the message and the messages of its causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined) {
    parts.push(at instanceof Error ? at.message : inspect(at));
  }
  return parts.join(': ');
}
