/** The operator's TLS servers: with limits on everything that a client can make large or slow. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { BodyGate } from './body-gate.ts';

export type Answer = { status: number; body?: unknown };

/** Why a request is rejected; used only for the response. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
  }
}

export type ServerLimits = {
  /**
   * How long a connection without a request stays open, whether it has carried one before or not. A client of Go opens more connections than it
   * needs, and keeps all of them for later.
   */
  idleTimeoutMs: number;
  /** The head of a request, and all of it, must arrive within these times: of the first one on a connection, from when that was opened. */
  headTimeoutMs: number;
  requestTimeoutMs: number;
  /** An idle TLS connection takes about 50 kB. */
  connections: number;
  connectionsPerSource: number;
};

/** `installLeaf` sets the certificate later; until then every handshake fails. */
export function createTlsServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  limits: ServerLimits = defaultLimits,
): Server {
  const server = createServer(
    {
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5000,
      // Responses may last indefinitely (streams do). Node has no other limit for a connection that was never used.
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: limits.idleTimeoutMs,
      maxHeaderSize: 16 * 1024,
    },
    handle,
  );
  server.maxConnections = limits.connections;
  boundSources(server, limits.connectionsPerSource);
  return server;
}

/**
 * Idle for longer than the second between two reports or drain queries, so that they share a connection. One connection for each draining pod and a
 * few for each proxy; pods on the network of a node share its address.
 */
const defaultLimits: ServerLimits = {
  idleTimeoutMs: 15_000,
  headTimeoutMs: 5000,
  requestTimeoutMs: 15_000,
  connections: 8000,
  connectionsPerSource: 400,
};

/** Before the TLS handshake, which costs more than everything else that a stranger can ask for. */
function boundSources(server: Server, perSource: number): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const source = socket.remoteAddress ?? '';
    const count = (open.get(source) ?? 0) + 1;
    open.set(source, count);
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1;
      if (left === 0) open.delete(source);
      else open.set(source, left);
    });
    if (count > perSource) socket.destroy();
  });
}

/** From now on each response closes its connection: the client's next request reaches another replica through the Service. */
export function closeAfterResponses(server: Server): void {
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
}

/** `gate`: reserves the memory of the body. */
export type BodyOptions = { maxBytes: number; gate: BodyGate };

/** The body must arrive within this time after its memory was reserved: until then that is lost for others. */
const bodyTimeoutMs = 5000;

/** Its memory is reserved until `release` is called. */
export type ReservedBody = { bytes: Buffer; release: () => void };

/** Returns the whole body. Throws RequestError if it is too long. */
export async function readBody(request: IncomingMessage, { maxBytes, gate }: BodyOptions): Promise<ReservedBody> {
  const declared = Number(request.headers['content-length'] ?? maxBytes);
  if (!(declared <= maxBytes)) throw new RequestError(413, `the body is longer than ${maxBytes} bytes`);
  const left = new AbortController();
  const leave = () => {
    left.abort();
  };
  request.once('close', leave);
  const release = await gate.reserve(request.socket.remoteAddress ?? '', declared, left.signal);
  request.off('close', leave);
  try {
    return { bytes: await readReserved(request, maxBytes), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function readReserved(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const tooLate = setTimeout(() => request.destroy(), bodyTimeoutMs);
  try {
    // If reading ends early, the stream stays open: the response is sent on its connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new RequestError(413, `the body is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(tooLate);
  }
  return Buffer.concat(chunks);
}

/** Throws RequestError if the body is not JSON. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RequestError(400, 'the body is not JSON');
  }
}

/** Returns the whole body as JSON, for callers that keep it no longer than the same turn. Throws RequestError if it is too long or not JSON. */
export async function readJson(request: IncomingMessage, options: BodyOptions): Promise<unknown> {
  const { bytes, release } = await readBody(request, options);
  try {
    return parseJson(bytes);
  } finally {
    release();
  }
}

/** After an error the connection is closed, rather than reading the rest of the request. */
export function sendAnswer(response: ServerResponse, { status, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  if (status >= 400) response.setHeader('connection', 'close');
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}
