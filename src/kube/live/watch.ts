/** Watches a list: a stream of JSON lines that the server closes from time to time. */
import { AppError } from '../../platform/errors.ts';
import { splitLines } from '../../platform/ndjson.ts';
import { recordOf } from '../../platform/record.ts';
import type { Resource, WatchEvent, WatchOptions } from '../ports.ts';
import { networkError, readStatus, statusError } from './errors.ts';
import { acceptWatch } from './objects.ts';
import { listPath, readObject, selectorQuery } from './rest.ts';
import type { Transport } from './transport.ts';

export type WatchRequest = WatchOptions & {
  resource: Resource;
  resourceVersion: string;
  /** The server closes the watch after this time, with a last bookmark: no watch outlives a server that forgot it. */
  serverTimeoutSeconds: number;
};

/** etcd accepts objects up to 1.5 MB; managedFields and escaping may add as much again. */
const maxLineBytes = 8 * 1024 * 1024;

/** Ends without an error when the server closes the stream or the signal aborts. */
export async function* watchObjects(transport: Transport, request: WatchRequest): AsyncGenerator<WatchEvent> {
  const path = listPath(request.resource, request.namespace);
  const call = `WATCH ${path}`;
  const query = {
    ...selectorQuery(request),
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: request.resourceVersion,
    timeoutSeconds: String(request.serverTimeoutSeconds),
  };
  try {
    const chunks = await transport.stream({
      method: 'GET',
      path,
      query,
      accept: acceptWatch(request),
      signal: request.signal,
    });
    request.onOpen?.();
    for await (const line of splitLines(chunks, maxLineBytes)) yield readEvent(call, request.resource, line);
  } catch (error) {
    if (request.signal.aborted) return;
    throw watchError(call, error);
  }
}

function readEvent(call: string, resource: Resource, line: string): WatchEvent {
  const { type, object } = recordOf(JSON.parse(line));
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: readObject(resource, object) };
    case 'BOOKMARK':
      return { type, resourceVersion: String(recordOf(recordOf(object)['metadata'])['resourceVersion']) };
    case 'ERROR': {
      const status = readStatus(object);
      throw statusError(call, status.code ?? 500, status);
    }
    default:
      throw new SyntaxError(`event of type ${String(type)}`);
  }
}

function watchError(call: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof RangeError || error instanceof SyntaxError)) return networkError(call, error);
  // The server would send an unreadable event again at each resume; only a new list gets past it.
  return new AppError('KUBERNETES_EXPIRED', `${call}: unreadable event`, {
    source: 'kubernetes',
    retryable: true,
    cause: error,
  });
}
