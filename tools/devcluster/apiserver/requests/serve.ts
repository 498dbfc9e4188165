/** The API over HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringify } from 'yaml';
import { StatusError } from '../../status-error.ts';
import type { Cluster } from '../cluster.ts';
import { type Document, type EventStream, failureOf } from './response.ts';
import { handleRequest, wantedOf } from './handle.ts';
import type { ApiRequest } from './request.ts';

/** The limit of etcd's requests, with room for what JSON adds. */
const limitBytes = 3 * 1024 * 1024;

/** `signal` aborts when the server closes. */
export async function serveRequest(
  cluster: Cluster,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://server');
  const result =
    url === null
      ? failureOf(new StatusError('BadRequest', 'the URL of the request is not valid'))
      : await handleRequest(cluster, apiRequestOf(request, url, response));
  if (result.kind === 'stream') sendStream(response, result, signal);
  else sendDocument(request, response, result);
}

function apiRequestOf(request: IncomingMessage, url: URL, response: ServerResponse): ApiRequest {
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    readBody: () => readText(request),
    warn: (text) => {
      response.appendHeader('warning', `299 - ${JSON.stringify(text)}`);
    },
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > limitBytes) {
      throw new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function sendDocument(request: IncomingMessage, response: ServerResponse, result: Document): void {
  const { status, body, contentType, retryAfterSeconds } = result;
  const isFailure = status >= 400;
  const { format } = isFailure ? { format: 'json' } : wantedOf(request);
  const isText = typeof body === 'string';
  const text = isText ? body : format === 'yaml' ? stringify(body) : `${JSON.stringify(body)}\n`;
  // A failed request may have a body that was not read: then the connection can carry no further request.
  if (isFailure && !request.complete) response.setHeader('connection', 'close');
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  response.writeHead(status, {
    'content-type': contentType ?? (isText ? 'text/plain; charset=utf-8' : `application/${format}`),
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}

/** One JSON object per line. */
function sendStream(response: ServerResponse, { open }: EventStream, signal: AbortSignal): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  // The client waits for the headers, and a kind that never changes sends nothing else.
  response.flushHeaders();
  const watch = open({
    send: (event) => {
      if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`);
    },
    end: () => {
      response.end();
    },
  });
  signal.addEventListener('abort', watch.end, { once: true });
  response.on('close', () => {
    signal.removeEventListener('abort', watch.end);
    watch.release();
  });
}
