/** The one error type. What goes wrong is data: a stable code, whose fault it is, and whether trying again can help. */
import { inspect } from 'node:util';

export type ErrorSource = 'kubernetes' | 'upstream' | 'downstream' | 'internal';

/** Every code, with what it means; the reference is generated from it. */
export const errorCodes = {
  KUBERNETES_NOT_FOUND: 'The object is not there.',
  KUBERNETES_CONFLICT:
    'Somebody else changed or owns the object: the write was refused, and is tried again on its newest version.',
  KUBERNETES_EXPIRED:
    'The API server no longer has the version that a watch wanted to go on from: the list is read anew.',
  KUBERNETES_INVALID:
    'The API server refused the object itself: a schema, a policy or another webhook does not take it.',
  KUBERNETES_FORBIDDEN: 'A permission is missing: compare the ClusterRole with manifests/base.',
  KUBERNETES_UNAVAILABLE: 'The API server did not answer, or asked to try again later.',
  OPERATOR_UNREACHABLE: 'A replica of the operator did not answer its proxy.',
  OPERATOR_REFUSED: 'A replica of the operator refused its proxy: the message says why.',
  CONFIG_INVALID: 'A setting is missing or wrong: the message names it and says what it should be.',
  TABLE_INVALID:
    'A routing table is not as it should be: the message names the first field that is wrong. The table before it stays in use.',
  INTERNAL: 'A bug in Holdfast: please report it together with the surrounding log lines.',
} as const;
export type ErrorCode = keyof typeof errorCodes;

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

/** Returns one line for a log or a condition: the message and the messages of its causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined) {
    parts.push(messageOf(at));
  }
  return parts.join(': ');
}

/** Node gives an AggregateError without a message where each address of a host refused the connection. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeError).join('; ') || error.message;
  return error instanceof Error ? error.message : inspect(error);
}
