/** One GET to an app of the pod. */
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

export type Answer = { status: number; body: string };

/** setTimeout fires at once beyond this. */
const longestTimerMs = 2 ** 31 - 1;

/** Resolves when the body is over. Redirects are responses like any other. */
export function httpGet({ scheme, host, port, path, headers, timeoutMs, maxBytes }: Get): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The kubelet does not verify whom it probes and hooks either: a pod has no certificate for its address.
    const options = { host, port, path: escapePath(path), headers, agent: false as const, rejectUnauthorized: false };
    const request = scheme === 'HTTPS' ? httpsRequest(options) : httpRequest(options);
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      Math.min(timeoutMs, longestTimerMs),
    );
    request.once('response', (response) => {
      readAnswer(response, maxBytes).then(resolve, reject);
    });
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
    });
    request.end();
  });
}

/** Leaving the loop early ends the connection. */
async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<Answer> {
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

/** A pod may ask for a path with spaces or letters of any language, which no request line can carry. */
const escapePath = (path: string): string => path.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
