/** A real proxy with its table in a file, real sockets to it, and apps that record the bytes which they receive. */
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startProxy, type Proxy, type ProxyPorts } from '../../src/dataplane/proxy.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { eventually } from './eventually.ts';
import { socketKind } from './socket-kind.ts';
import { createMemoryLogger } from './memory-logger.ts';
import { connectRaw, type RawClient, type RawResponse } from './raw-http.ts';

export type RawApp = {
  port: number;
  /** What the app received, without the requests that came before. */
  received(): string;
  /** Resets its connections. */
  cut(): void;
};

export interface StandaloneProxy {
  readonly proxy: Proxy;
  connect(): Promise<RawClient>;
  /** Sends one request on a connection of its own. */
  send(request: string): Promise<RawResponse>;
  /** Resolves when the proxy routes by another table. */
  swap(table: object): Promise<void>;
  /** Returns the lines of the proxy's metrics that begin so. */
  metrics(prefix: string): Promise<string[]>;
}

export interface World {
  /** `respond`: returns the bytes of the response to a request. */
  app(respond?: (request: string) => string): Promise<RawApp>;
  /** `table`: a routing table, or a part of one that gets the defaults. The clients connect to its first listener. */
  proxy(table: object, ports?: Pick<ProxyPorts, 'writeAccessLog'>): Promise<StandaloneProxy>;
  stop(): Promise<void>;
}

const ok = () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

export function createWorld(): World {
  const cleanups: (() => unknown)[] = [];
  return {
    async app(respond = ok) {
      let received = '';
      const sockets = new Set<net.Socket>();
      const server = net.createServer((socket) => {
        sockets.add(socket);
        let request = '';
        socket.on('error', () => undefined);
        socket.on('data', (chunk) => {
          request += chunk.toString('latin1');
          if (!isWhole(request)) return;
          received = request;
          socket.write(respond(request), 'latin1');
          request = '';
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      cleanups.push(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
      const address = server.address();
      return {
        port: typeof address === 'object' && address !== null ? address.port : 0,
        received: () => received,
        cut() {
          for (const socket of sockets) socket.resetAndDestroy();
        },
      };
    },
    async proxy(table, ports = {}) {
      const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-proxy-'));
      cleanups.push(() => rm(folder, { recursive: true }));
      const file = path.join(folder, 'table.json');
      const write = async (next: object) => {
        await writeFile(`${file}.new`, JSON.stringify(next));
        await rename(`${file}.new`, file);
      };
      await write(table);
      const proxy = await startProxy(
        {
          source: { kind: 'file', file },
          adminPort: 0,
          shutdownDelayMs: 0,
          shutdownGraceMs: 100,
          ...(socketKind && { sockets: socketKind }),
        },
        {
          clock: systemClock,
          log: createMemoryLogger(),
          resolve: () => Promise.resolve([]),
          bindPort: () => 0,
          ...ports,
        },
      );
      cleanups.push(() => proxy.stop());
      const port = await eventually(
        () => proxy.listeners.boundPort(firstPort(table)),
        (bound) => bound !== undefined,
      );
      const connect = async () => {
        const client = await connectRaw(port ?? 0);
        cleanups.push(() => client.socket.destroy());
        return client;
      };
      return {
        proxy,
        connect,
        async send(request) {
          const client = await connect();
          client.send(request);
          return client.response();
        },
        async swap(next) {
          const before = proxy.router.table();
          await write(next);
          await eventually(() => proxy.router.table() !== before, Boolean);
        },
        async metrics(prefix) {
          const text = await (await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`)).text();
          return text.split('\n').filter((line) => line.startsWith(prefix));
        },
      };
    },
    async stop() {
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    },
  };
}

function firstPort(table: object): number {
  const [listener] = 'listeners' in table ? (table.listeners as { port: number }[]) : [];
  return listener?.port ?? 80;
}

/** Whether the text is a whole request: a head, and a body with a Content-Length or in chunks. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const head = text.slice(0, headEnd);
  if (/^transfer-encoding: chunked/im.test(head)) return /\r\n0\r\n(.+\r\n)*\r\n$/.test(text.slice(headEnd));
  return text.length >= headEnd + 4 + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
}
