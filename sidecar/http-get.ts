/** A GET request to an app in the pod. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

export type Get = {
  scheme: 'HTTP' | 'HTTPS';
  host: string;
  port: number;
  path: string;
  headers?: Record<string, string | string[]>;
  timeoutMs: number;
  /** No more of the body is read. */
  maxBytes: number;
};

export type Response = { status: number; body: string };

/** With a longer delay, setTimeout fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Resolves at the end of the body. Redirects are responses like any other. */
export function httpGet({ scheme, host, port, path, headers, timeoutMs, maxBytes }: Get): Promise<Response> {
  return new Promise((resolve, reject) => {
    // As the kubelet does for probes and hooks, the certificate is not verified: a pod has none for its address.
    const options = { host, port, path: escapePath(path), headers, agent: false as const, rejectUnauthorized: false };
    const request = scheme === 'HTTPS' ? httpsRequest(options) : httpRequest(options);
    const timer = setTimeout(
      () => request.destroy(new Error(`no response within ${timeoutMs} ms`)),
      Math.min(timeoutMs, longestTimerMs),
    );
    request.once('response', (response) => {
      readResponse(response, maxBytes).then(resolve, reject);
    });
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
    });
    request.end();
  });
}

/** Leaving the loop early ends the connection. */
async function readResponse(response: IncomingMessage, maxBytes: number): Promise<Response> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBytes) break;
  }
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8', 0, Math.min(size, maxBytes)),
  };
}

/** A pod may configure a path with spaces or non-ASCII letters, which a request line cannot contain. */
const escapePath = (path: string): string => path.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
