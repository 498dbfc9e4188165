/**
 * The transport of the live client into a devcluster of the same process, without sockets. Requests pass through all of the
 * client and all of the API server's request handling: paths, queries, JSON, Status.
 */
import type { AppError } from '../../../src/platform/errors.ts';
import { parseStatus, statusError } from '../../../src/kube/live/errors.ts';
import type { ApiRequest, Transport } from '../../../src/kube/live/transport.ts';
import type { Cluster } from '../../../tools/devcluster/apiserver/cluster.ts';
import type { ApiResponse, EventStream, OpenWatch } from '../../../tools/devcluster/apiserver/requests/response.ts';
import { handleRequest } from '../../../tools/devcluster/apiserver/requests/handle.ts';
import { createByteStream, type ByteStream } from './byte-stream.ts';

/** A watch that is open, as the test controls it. */
export type Connection = Pick<OpenWatch, 'bookmark'> & Pick<ByteStream, 'end' | 'fail'>;

export interface InProcessTransport extends Transport {
  connections(): Connection[];
}

export function createInProcessTransport(cluster: Cluster): InProcessTransport {
  const open = new Set<Connection>();

  /** Returns the body as a stream. The connection is open until the reader leaves or the server ends the watch. */
  async function* bytesOf({ open: openWatch }: EventStream, signal: AbortSignal): AsyncGenerator<Buffer> {
    const stream = createByteStream(signal);
    const watch = openWatch({
      send: (event) => {
        stream.push(Buffer.from(`${JSON.stringify(event)}\n`));
      },
      end: stream.end,
    });
    const connection = { bookmark: watch.bookmark, end: stream.end, fail: stream.fail };
    open.add(connection);
    try {
      yield* stream.read();
    } finally {
      open.delete(connection);
      watch.release();
    }
  }

  return {
    async json(request, read) {
      const response = await send(cluster, request);
      if (response.kind === 'document') return read(JSON.parse(textOf(response)));
      throw new Error(`${callOf(request)}: the response is a stream`);
    },
    async stream(request) {
      const response = await send(cluster, request);
      if (response.kind === 'stream') return bytesOf(response, request.signal ?? new AbortController().signal);
      throw new Error(`${callOf(request)}: the response is not a stream`);
    },
    close() {
      for (const connection of open) connection.end();
    },
    connections: () => [...open],
  };
}

const callOf = ({ method, path }: ApiRequest): string => `${method} ${path}`;
const textOf = ({ body }: { body: object | string }): string =>
  typeof body === 'string' ? body : JSON.stringify(body);

/** Throws the error of the live client if the request fails. */
async function send(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  const response = await handleRequest(cluster, {
    method: request.method,
    path: request.path,
    query: new URLSearchParams(request.query),
    headers: {
      accept: request.accept ?? 'application/json',
      authorization: `Bearer ${cluster.tokens.admin}`,
      'content-type': request.contentType ?? 'application/json',
      'user-agent': 'holdfast',
    },
    readBody: () => Promise.resolve(body),
    warn: () => undefined,
  });
  if (response.kind === 'stream' || response.status < 300) return response;
  throw failure(request, response.status, textOf(response));
}

const failure = (request: ApiRequest, status: number, text: string): AppError =>
  statusError(callOf(request), status, parseStatus(text));
