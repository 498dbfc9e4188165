/** HTTPS to one replica of the operator by its address, with the caller's token. The certificate is checked against the Service's name. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { AppError } from '../../platform/errors.ts';
import { splitLines } from '../../platform/ndjson.ts';

export type ReplicaClientOptions = {
  port: number;
  /** The name in the operator's certificate, independent of the address. */
  serverName: string;
  /** PEM, one certificate or several. */
  ca: string;
  tokenFile: string;
};

export type Call = {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  /** For the whole exchange. */
  timeoutMs: number;
  signal?: AbortSignal;
};

export type Stream = { path: string; body: object; silenceLimitMs: number; signal: AbortSignal };

/** Both methods throw OPERATOR_UNREACHABLE without a complete response, and OPERATOR_REFUSED if its status is not 2xx. */
export interface ReplicaClient {
  /** Resolves with the body of the response. */
  call(address: string, call: Call): Promise<string>;
  /** Returns the lines of a stream, until the replica ends it. A stream that sends nothing for `silenceLimitMs` is dead. */
  lines(address: string, stream: Stream): AsyncIterable<string>;
  /** Drops idle connections; the client can be used again. */
  close(): void;
}

/** A table of 10,000 endpoints has about 2 MB: a line longer than this is an error, and must not exhaust the memory. */
const maxLineBytes = 64 * 1024 * 1024;
/** Responses to calls have a few hundred bytes. */
const maxBodyBytes = 64 * 1024;
const maxQuotedLength = 200;

export function createReplicaClient(options: ReplicaClientOptions): ReplicaClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });

  const open = async (target: RequestOptions, body?: object): Promise<IncomingMessage> => {
    // Read for each request: the kubelet replaces a projected token long before it expires.
    const token = (await readFile(options.tokenFile, 'utf8')).trim();
    const { port, serverName: servername, ca } = options;
    const text = body && JSON.stringify(body);
    const headers = {
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      host: servername,
      authorization: `Bearer ${token}`,
    };
    return exchange({ ...target, port, servername, ca, headers }, text);
  };

  return {
    async call(address, { method, path, body, timeoutMs, signal: callerSignal }) {
      const timeout = new AbortController();
      const timer = setTimeout(() => {
        timeout.abort(new Error(`no response within ${timeoutMs} ms`));
      }, timeoutMs);
      const signal = callerSignal === undefined ? timeout.signal : AbortSignal.any([callerSignal, timeout.signal]);
      try {
        return await readAccepted(await open({ host: address, method, path, agent, signal }, body));
      } catch (error) {
        throw unreachable(timeout.signal.aborted ? timeout.signal.reason : error);
      } finally {
        clearTimeout(timer);
      }
    },
    async *lines(address, { path, body, silenceLimitMs: timeout, signal }) {
      try {
        const response = await open({ host: address, method: 'POST', path, agent: false, timeout, signal }, body);
        if (!isAccepted(response)) await readAccepted(response);
        for await (const line of splitLines(response, maxLineBytes)) if (line !== '') yield line;
      } catch (error) {
        throw unreachable(error);
      }
    },
    close() {
      agent.destroy();
    },
  };
}

/** Resolves with the response's head. Silence destroys the connection, before and after the head. */
function exchange(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(options, resolve);
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`received nothing for ${options.timeout} ms`)));
    sent.end(body);
  });
}

const isAccepted = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

/** Leaving the loop early destroys the response. */
async function readAccepted(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error(`the response is longer than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString('utf8');
  if (isAccepted(response)) return body;
  const message = `the operator responded with ${response.statusCode} ${body.slice(0, maxQuotedLength)}`.trimEnd();
  throw new AppError('OPERATOR_REFUSED', message, { source: 'upstream', retryable: true });
}

const unreachable = (cause: unknown): AppError =>
  cause instanceof AppError
    ? cause
    : new AppError('OPERATOR_UNREACHABLE', 'the operator cannot be reached', {
        source: 'upstream',
        retryable: true,
        cause,
      });
