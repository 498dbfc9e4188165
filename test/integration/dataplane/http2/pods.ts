/** Pods of an app that speaks HTTP/1.1 and WebSocket, each of which says its name; with a proxy that keeps sessions in a cookie. */
import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Listener, RoutingTable } from '../../../../src/wire/routing-table.ts';
import type { Issued } from '../../../support/authority.ts';
import { proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';
import { createWorld, type StandaloneProxy } from '../../../support/standalone-proxy.ts';

export type Pod = {
  name: string;
  port: number;
  /** Those that are open. */
  webSockets: Set<WebSocket>;
  /** The connections that became WebSockets, open or not. */
  sockets: Socket[];
};

export interface PodWorld {
  pods: readonly Pod[];
  /** Sets the states of pods by their names; the others accept sessions. */
  proxy(listener: Listener, certificate?: Issued): Promise<StandaloneProxy & { port: number }>;
  swap(proxy: StandaloneProxy, states: Record<string, ShortEndpoint['state']>): Promise<void>;
  stop(): Promise<void>;
}

export async function createPods(...names: string[]): Promise<PodWorld> {
  const world = createWorld();
  const cleanups: (() => void)[] = [];
  const pods = await Promise.all(names.map((name) => startPod(name, cleanups)));
  let base: Partial<RoutingTable> = {};
  const table = (states: Record<string, ShortEndpoint['state']> = {}) => ({
    ...proxyTable({
      endpoints: pods.map(({ name, port }) => ({ pod: name, port, state: states[name] ?? 'Accepting' })),
      cookie: { secureIfHttps: true },
    }),
    ...base,
  });
  return {
    pods,
    async proxy(listener, certificate) {
      base = { listeners: [listener], ...(certificate && { certificates: { shop: certificate } }) };
      const proxy = await world.proxy(table());
      return { ...proxy, port: proxy.proxy.listeners.boundPort(listener.port) ?? 0 };
    },
    swap: (proxy, states) => proxy.swap(table(states)),
    async stop() {
      await world.stop();
      for (const cleanup of cleanups) cleanup();
    },
  };
}

/** /page is HTML; everything else returns the name. A WebSocket gets its messages back with the name before them, and is refused at /none. */
async function startPod(name: string, cleanups: (() => void)[]): Promise<Pod> {
  const webSockets = new WebSocketServer({ noServer: true });
  const sockets: Socket[] = [];
  const app = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(request.url === '/page' ? `<!doctype html><title>${name}</title><p id=pod>${name}</p>` : name);
  });
  app.on('upgrade', (request, socket, head) => {
    sockets.push(socket as Socket);
    socket.on('error', () => undefined);
    if (request.url === '/none') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone');
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (message: Buffer, isBinary) =>
        webSocket.send(isBinary ? message : `${name}: ${message.toString()}`),
      );
    });
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  cleanups.push(
    () => sockets.forEach((socket) => socket.destroy()),
    () => app.closeAllConnections(),
    () => app.close(),
  );
  const address = app.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { name, port, webSockets: webSockets.clients, sockets };
}
