/** How answers are written. */
import type { ServerResponse } from 'node:http';
import { stringify } from 'yaml';
import { describeError } from '../../../../src/platform/errors.ts';
import { StatusError } from '../../status-error.ts';
import type { Wanted } from './negotiation.ts';

export type Answer = { status: number; body: object | string; contentType?: string };

export const ok = (body: object): Answer => ({ status: 200, body });
export const created = (body: object): Answer => ({ status: 201, body });

export function sendAnswer(
  response: ServerResponse,
  { status, body, contentType }: Answer,
  { format }: Wanted = { format: 'json' },
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isText = typeof body === 'string';
  const text = isText ? body : format === 'yaml' ? stringify(body) : `${JSON.stringify(body)}\n`;
  const type = contentType ?? (isText ? 'text/plain; charset=utf-8' : `application/${format}`);
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}

/** `metav1.Status` of a request that failed. */
export function failureOf(error: unknown): Answer {
  const known =
    error instanceof StatusError
      ? error
      : new StatusError('InternalError', `Internal error occurred: ${describeError(error)}`);
  const { code, message, reason, details } = known;
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(Object.keys(details).length > 0 && { details }),
    code,
  };
  return { status: code, body };
}

/** `Status` of a request that has nothing else to say. */
export const success: Answer = created({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
});
