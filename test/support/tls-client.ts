/** Real HTTPS to a server of this process, as proxies, sidecars and the API server use it. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';

export type TlsClient = {
  /** Resolves with the response as soon as its head has arrived. */
  open(method: string, path: string, options?: { token?: string; body?: string }): Promise<IncomingMessage>;
  /** Resolves with status and body; a JSON body is parsed. */
  call(
    method: string,
    path: string,
    options?: { token?: string; body?: string },
  ): Promise<{ status: number; body: unknown }>;
  close(): void;
};

/** Listens on a free port of the loopback. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export function createTlsClient({ port, caPem }: { port: number; caPem: string }): TlsClient {
  const agent = new Agent({ keepAlive: true, ca: caPem, host: '127.0.0.1', port });
  const open: TlsClient['open'] = (method, path, { token, body } = {}) =>
    new Promise((resolve, reject) => {
      const headers = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      };
      const sent = request({ agent, host: '127.0.0.1', port, method, path, headers });
      sent.once('response', resolve);
      sent.once('error', reject);
      sent.end(body);
    });
  return {
    open,
    async call(method, path, options) {
      const response = await open(method, path, options);
      const text = Buffer.concat(await response.toArray()).toString('utf8');
      const isJson = response.headers['content-type'] === 'application/json';
      return { status: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text };
    },
    close: () => {
      agent.destroy();
    },
  };
}
