/** JSON over HTTP to the API server of a kubeconfig. */
import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';
import type { Credentials } from './agent.ts';
import { createAgentCache } from './agent.ts';
import { networkError, parseStatus, statusError } from './errors.ts';

export type ApiRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
  accept?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
};

export interface Transport {
  /** Resolves with the result of `read` on the parsed body of a 2xx response. Otherwise throws AppError, also when `read` throws. */
  json<T>(request: ApiRequest, read: (body: unknown) => T): Promise<T>;
  /** Streams the body of a 2xx response. The timeout applies to the headers only. */
  stream(request: ApiRequest): Promise<AsyncIterable<Buffer>>;
  close(): void;
}

const credentialsForMs = 1000;

export type TransportOptions = { clock: Clock; timeoutMs: number };

/** A page of 500 pods is about 10 MB. A larger body than this is not from an API server, or does not fit into memory. */
const maxBodyBytes = 128 * 1024 * 1024;

export function createTransport(kubeConfig: KubeConfig, options: TransportOptions): Transport {
  const agents = createAgentCache();
  let read: { atMs: number; credentials: Credentials } | undefined;

  /** client-node rereads rotated tokens and the CA file, and makes an agent: for each call, that would cost as much as sending it. */
  async function credentialsFor(): Promise<Credentials> {
    const nowMs = options.clock.nowMs();
    if (read && nowMs - read.atMs < credentialsForMs) return read.credentials;
    const credentials: Credentials = {};
    await kubeConfig.applyToHTTPSOptions(credentials);
    read = { atMs: nowMs, credentials };
    return credentials;
  }

  async function send(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const cluster = kubeConfig.getCurrentCluster();
    if (cluster === null) {
      throw new AppError('CONFIG_INVALID', 'the kubeconfig has no current cluster', {
        source: 'internal',
        retryable: false,
      });
    }
    const credentials = await credentialsFor();
    const url = urlOf(cluster.server, request);
    // client-node creates and caches the agent for an HTTP proxy.
    const agent =
      cluster.proxyUrl !== undefined && typeof credentials.agent === 'object'
        ? credentials.agent
        : agents.agentFor(url, credentials);
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const requestOptions = {
      method: request.method,
      agent,
      signal,
      headers: headersOf(request, credentials, body),
      auth: credentials.auth,
    };
    return new Promise((resolve, reject) => {
      const outgoing = (url.protocol === 'http:' ? http : https).request(url, requestOptions);
      outgoing.on('response', resolve);
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Runs `use` within the deadline and adds the call to any error. */
  async function inTime<T>(request: ApiRequest, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const timeoutMs = request.timeoutMs ?? options.timeoutMs;
    const cancel = options.clock.after(timeoutMs, () => {
      deadline.abort(new Error(`timed out after ${timeoutMs} ms`));
    });
    const signal = request.signal === undefined ? deadline.signal : AbortSignal.any([request.signal, deadline.signal]);
    try {
      return await use(signal);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw networkError(callOf(request), deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      cancel();
    }
  }

  async function answered(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const response = await send(request, signal);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw statusError(callOf(request), status, parseStatus(await readText(response)));
  }

  return {
    json: (request, read) =>
      inTime(request, async (signal) => read(JSON.parse(await readText(await answered(request, signal))))),
    stream: (request) => inTime(request, (signal) => answered(request, signal)),
    close: agents.destroy,
  };
}

const callOf = (request: ApiRequest): string => `${request.method} ${request.path}`;

/** The server's URL may contain a path, as behind Rancher or a gateway. */
function urlOf(server: string, request: ApiRequest): URL {
  const url = new URL(server.replace(/\/+$/, '') + request.path);
  url.search = new URLSearchParams(request.query).toString();
  return url;
}

function headersOf(request: ApiRequest, credentials: Credentials, body: Buffer | undefined): http.OutgoingHttpHeaders {
  return {
    ...credentials.headers,
    'User-Agent': 'holdfast',
    Accept: request.accept ?? 'application/json',
    ...(body === undefined
      ? {}
      : { 'Content-Type': request.contentType ?? 'application/json', 'Content-Length': body.length }),
  };
}

async function readText(response: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`the response is longer than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
