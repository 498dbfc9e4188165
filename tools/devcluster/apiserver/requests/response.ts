/** Responses of the API, independent of the transport that delivers them. */
import { describeError } from '../../../../src/platform/errors.ts';
import { StatusError } from '../../status-error.ts';

export type Document = {
  kind: 'document';
  status: number;
  body: object | string;
  contentType?: string;
  retryAfterSeconds?: number;
};

/** Where the events of a watch are sent. */
export interface EventSink {
  send(event: object): void;
  end(): void;
}

export interface OpenWatch {
  /** Sends the current version, if the client requested bookmarks. */
  bookmark: () => void;
  /** Closes the watch from the side of the server: with a last bookmark, then the end of the stream. */
  end: () => void;
  /** Releases everything after the client has closed the stream. */
  release: () => void;
}

/** A watch: it begins when the transport opens it. */
export type EventStream = { kind: 'stream'; open: (sink: EventSink) => OpenWatch };

export type ApiResponse = Document | EventStream;

export const ok = (body: object): Document => ({ kind: 'document', status: 200, body });
export const created = (body: object): Document => ({ kind: 'document', status: 201, body });

/** `metav1.Status` of a request that failed. */
export function failureOf(error: unknown): Document {
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
  const { retryAfterSeconds } = details;
  return { kind: 'document', status: code, body, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
}

/** `Status` of a request without another result. */
export const success: Document = created({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
});
