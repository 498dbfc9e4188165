/** Listens on the addresses of Services, and forwards each connection to an endpoint, round robin. */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { endpointSlices, services } from '../../../src/kube/resources.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { listServicePorts } from './service-backends.ts';
import type { Backend, ServicePort } from './service-backends.ts';

export type ServiceProxyOptions = { api: Pick<ClusterApi, 'list' | 'observe'>; log: Logger };

export interface ServiceProxy {
  /** Returns the address of a port of a Service; undefined until it listens. */
  addressOf(service: { namespace: string; name: string; port: number }): Backend | undefined;
  /** Closes listeners and connections. */
  stop(): Promise<void>;
}

/**
 * A port below 1024 may need root, and a port that another program uses at all addresses is not available: then the Service listens at a port
 * that is higher by this number.
 */
const elsewhereOffset = 10_000;
const lastPort = 65_535;

type Listener = {
  now: ServicePort;
  turn: number;
  /** The backend of the last connection, by client address. */
  byClient: Map<string, Backend>;
  server: Server;
  sockets: Set<Socket>;
  bound: Backend | undefined;
  /** Settled when it listens or has failed. */
  opened: Promise<void>;
};

export function startServiceProxy({ api, log }: ServiceProxyOptions): ServiceProxy {
  const listeners = new Map<string, Listener>();

  function sync(): void {
    const wanted = new Map(
      listServicePorts(api.list(services), api.list(endpointSlices)).map((port) => [port.key, port]),
    );
    for (const [key, listener] of listeners) {
      if (wanted.has(key)) continue;
      listeners.delete(key);
      void endListening(listener);
    }
    for (const [key, port] of wanted) {
      const listener = listeners.get(key);
      if (listener) listener.now = port;
      else listeners.set(key, listen(port, log));
    }
  }

  sync();
  const stops = [services, endpointSlices].map((resource) => api.observe(resource, sync));
  const find = (wanted: { namespace: string; name: string; port: number }): Listener | undefined =>
    [...listeners.values()].find(
      ({ now }) => now.namespace === wanted.namespace && now.service === wanted.name && now.port === wanted.port,
    );

  return {
    addressOf: (service) => find(service)?.bound,
    async stop() {
      for (const stop of stops) stop();
      await Promise.all([...listeners.values()].map(close));
    },
  };
}

function listen(port: ServicePort, log: Logger): Listener {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const { promise: opened, resolve: settle } = Promise.withResolvers<void>();
  const listener: Listener = {
    now: port,
    turn: 0,
    byClient: new Map(),
    server,
    sockets: new Set(),
    bound: undefined,
    opened,
  };
  const bind = (at: number) => {
    server.listen(at, port.host, () => {
      listener.bound = { host: port.host, port: at };
      settle();
    });
  };
  server.on('connection', (client) => {
    join(client, listener);
  });
  let isFirst = true;
  server.on('error', (error: NodeJS.ErrnoException) => {
    const elsewhere = port.port + elsewhereOffset;
    if (isFirst && elsewhere <= lastPort && (error.code === 'EACCES' || error.code === 'EADDRINUSE')) {
      isFirst = false;
      bind(elsewhere);
      return;
    }
    log.warn(
      { namespace: port.namespace, service: port.service, port: port.port, error: describeError(error) },
      'service address is not reachable',
    );
    settle();
  });
  bind(port.port);
  return listener;
}

function nextBackend(listener: Listener): Backend | undefined {
  const { backends } = listener.now;
  listener.turn += 1;
  return backends[listener.turn % Math.max(backends.length, 1)];
}

/** With sessionAffinity ClientIP, a client address keeps its backend for as long as the Service has that endpoint. */
function backendFor(listener: Listener, client: string): Backend | undefined {
  const { backends, byClient } = listener.now;
  const before = byClient ? listener.byClient.get(client) : undefined;
  const same = before && backends.find(({ host, port }) => host === before.host && port === before.port);
  const backend = same ?? nextBackend(listener);
  if (byClient && backend) listener.byClient.set(client, backend);
  return backend;
}

function join(client: Socket, listener: Listener): void {
  const backend = backendFor(listener, client.remoteAddress ?? '');
  // No endpoint: kube-proxy refuses the connection, which a listener in user space can only accept and reset.
  if (backend === undefined) {
    client.resetAndDestroy();
    return;
  }
  const upstream = connect({ ...backend, allowHalfOpen: true });
  const ends: [Socket, Socket][] = [
    [client, upstream],
    [upstream, client],
  ];
  for (const [from, to] of ends) {
    listener.sockets.add(from);
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      listener.sockets.delete(from);
      // Data before a graceful end is still being written to the other side.
      if (!to.writableEnded) to.destroy();
    });
    from.pipe(to);
  }
}

async function close(listener: Listener): Promise<void> {
  for (const socket of listener.sockets) socket.destroy();
  await endListening(listener);
}

/** A server that is about to listen cannot be closed before. */
async function endListening({ server, opened }: Listener): Promise<void> {
  await opened;
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
