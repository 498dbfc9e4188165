/** A proxy with one app and a router that only counts, for the tests of the request path. */
import { once } from 'node:events';
import http from 'node:http';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { BackendProtocol, Endpoint } from '../../../../src/wire/routing-table.ts';
import { noFields } from '../../../../src/dataplane/http/header-fields.ts';
import type { HeaderField } from '../../../../src/dataplane/http/header-fields.ts';
import { createProxyServer } from '../../../../src/dataplane/server.ts';
import type { ProxyServer, ProxyServerOptions } from '../../../../src/dataplane/server.ts';
import type { RequestView, RouteDecision, SessionHold } from '../../../../src/dataplane/routing.ts';
import { freePort } from '../../../support/free-port.ts';
import { cookieCarrier, filterOf } from '../../../support/proxy-table.ts';
import { connectRaw } from '../../../support/raw-http.ts';
import type { RawClient } from '../../../support/raw-http.ts';
import { socketKind } from '../../../support/socket-kind.ts';

/** Counts holds: `open` must return to 0, and no hold may be released twice. */
export type HoldLedger = {
  open: number;
  acquired: number;
  releasedTwice: number;
  responseHeads: Parameters<SessionHold['responseHead']>[0][];
};

export type Proxy = {
  server: ProxyServer;
  port: number;
  holds: HoldLedger;
  routed: RequestView[];
  connect(): Promise<RawClient>;
};

export type ProxyOptions = Omit<ProxyServerOptions, 'router'> & {
  sessionFields?: readonly HeaderField[];
  /** What the app speaks; absent: HTTP/1.1. */
  protocol?: BackendProtocol;
  connectFailed?: SessionHold['connectFailed'];
  /** Decides instead of the rig: `forward` is the rig's own decision. */
  route?: (request: RequestView, forward: () => RouteDecision) => RouteDecision | Promise<RouteDecision>;
};

export interface Rig {
  /** A node:http server. */
  httpApp(
    listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  ): Promise<{ port: number; app: HttpServer }>;
  /** A server with raw sockets, for apps that violate HTTP. */
  rawApp(onConnection: (socket: Socket) => void): Promise<{ port: number; sockets: Socket[] }>;
  proxy(appPort: number, options?: ProxyOptions): Promise<Proxy>;
  stop(): Promise<void>;
}

export const endpointAt = (port: number, uid = 'pod-1'): Endpoint => ({
  uid,
  id: '00000000000000aa',
  pod: uid,
  address: '127.0.0.1',
  port,
  state: 'Accepting',
});

export function createRig(): Rig {
  const cleanups: (() => unknown)[] = [];
  return {
    async httpApp(listener) {
      const app = http.createServer((request, response) => void listener(request, response));
      cleanups.push(
        () => app.closeAllConnections(),
        () => app.close(),
      );
      return { port: await listenOn(app), app };
    },
    async rawApp(onConnection) {
      const sockets: Socket[] = [];
      const app = net.createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        onConnection(socket);
      });
      cleanups.push(
        () => sockets.forEach((socket) => socket.destroy()),
        () => app.close(),
      );
      return { port: await listenOn(app), sockets };
    },
    async proxy(appPort, { sessionFields = noFields, connectFailed, route, protocol, ...options } = {}) {
      const holds: HoldLedger = { open: 0, acquired: 0, releasedTwice: 0, responseHeads: [] };
      const routed: RequestView[] = [];
      const forward = (): RouteDecision => ({
        kind: 'forward',
        hold: createHold(holds, { appPort, sessionFields, connectFailed, protocol }),
      });
      const server = createProxyServer({
        ...(socketKind && { sockets: socketKind }),
        ...options,
        router: {
          labels: () => ({}),
          route(request) {
            routed.push(request);
            return route === undefined ? forward() : route(request, forward);
          },
        },
      });
      const clients: RawClient[] = [];
      const { port } = await server.listen({ port: 0, host: '127.0.0.1' });
      cleanups.push(
        () => clients.forEach(({ socket }) => socket.destroy()),
        () => server.shutdown({ graceMs: 0 }),
      );
      return {
        server,
        port,
        holds,
        routed,
        async connect() {
          const client = await connectRaw(port);
          clients.push(client);
          return client;
        },
      };
    },
    async stop() {
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    },
  };
}

type HoldParts = {
  appPort: number;
  protocol?: BackendProtocol | undefined;
  sessionFields: readonly HeaderField[];
  connectFailed: SessionHold['connectFailed'] | undefined;
};

const filter = filterOf(cookieCarrier({ name: 'shop-session' }));

export function createHold(ledger: HoldLedger, parts: HoldParts): SessionHold {
  const { appPort, sessionFields, connectFailed, protocol } = parts;
  let released = false;
  ledger.open += 1;
  ledger.acquired += 1;
  return {
    endpoint: endpointAt(appPort),
    transport: { protocol },
    isNew: true,
    backendKey: 'shop/cart',
    session: 'New',
    filter,
    forwarding: undefined,
    connectFailed:
      connectFailed ??
      (() => ({
        kind: 'reply',
        reply: { status: 503, reason: 'UpstreamConnectFailed', body: 'No pod took the connection.' },
      })),
    again() {
      return this;
    },
    responseHead(response) {
      ledger.responseHeads.push(response);
      return sessionFields;
    },
    release() {
      ledger.releasedTwice += released ? 1 : 0;
      ledger.open -= released ? 0 : 1;
      released = true;
    },
  };
}

async function listenOn(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return address.port;
}

/** Returns a port on which no process listens, and which no other test gets meanwhile. */
export const closedPort = (): Promise<number> => freePort();

/** Resolves when the condition holds; the test's own timeout is the limit. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Resolves with a growing number once it has stopped growing for a while. */
export async function settled(value: () => number): Promise<number> {
  let before = -1;
  while (value() === 0 || value() !== before) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return before;
}

export async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
