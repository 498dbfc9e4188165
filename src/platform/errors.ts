/** The one error type. A failure is data: a stable code, the side that caused it, and whether a retry can help. */
import { inspect } from 'node:util';

export type ErrorSource = 'kubernetes' | 'upstream' | 'downstream' | 'internal';

/** Every code with its meaning; the reference is generated from it. */
export const errorCodes = {
  KUBERNETES_NOT_FOUND: 'The object does not exist.',
  KUBERNETES_CONFLICT:
    'Another client changed or owns the object: the write was rejected, and is retried on the newest version.',
  KUBERNETES_EXPIRED:
    'The API server no longer has the resourceVersion from which a watch should resume: the objects are listed again.',
  KUBERNETES_INVALID: 'The API server rejected the object: it violates the schema, a policy or another webhook.',
  KUBERNETES_FORBIDDEN: 'A permission is missing: compare the ClusterRole with the one in manifests/base.',
  KUBERNETES_UNAVAILABLE: 'The API server did not respond, or asked to retry later.',
  OPERATOR_UNREACHABLE: 'A replica of the operator did not answer a proxy or sidecar.',
  OPERATOR_REFUSED:
    'A replica of the operator rejected a request of a proxy or sidecar: the message contains the reason.',
  CONFIG_INVALID: 'A setting is missing or invalid: the message names it and the values that are valid.',
  TABLE_INVALID:
    'A routing table or a table file is invalid: the message names the invalid fields. The previous table stays in use; a proxy that starts with such a file exits.',
  RESOURCES_OUT_OF_STEP:
    'A delta applies to other versions of resources than a proxy has: it opens the stream again, and says which it has.',
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

/** Node throws an AggregateError without a message if each address of a host refused the connection. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeError).join('; ') || error.message;
  return error instanceof Error ? error.message : inspect(error);
}
