/** Listens on the addresses of Services, and joins each connection with an endpoint, in turn. */
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
  /** Where a port of a Service can be reached; undefined until it listens. */
  addressOf(service: { namespace: string; name: string; port: number }): Backend | undefined;
  /** Ends listeners and connections. */
  stop(): Promise<void>;
}

/**
 * Ports below 1024 are for root only, where the system does not say otherwise, and one that another program has at all addresses can be had at
 * none: then the Service listens this much higher.
 */
const elsewhereOffset = 10_000;
const lastPort = 65_535;

type Listener = {
  now: ServicePort;
  turn: number;
  /** Where the last connection from an address went. */
  byClient: Map<string, Backend>;
  server: Server;
  sockets: Set<Socket>;
  bound: Backend | undefined;
  /** It listens, or cannot. */
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
  const ends = [services, endpointSlices].map((resource) => api.observe(resource, sync));
  const find = (wanted: { namespace: string; name: string; port: number }): Listener | undefined =>
    [...listeners.values()].find(
      ({ now }) => now.namespace === wanted.namespace && now.service === wanted.name && now.port === wanted.port,
    );

  return {
    addressOf: (service) => find(service)?.bound,
    async stop() {
      for (const end of ends) end();
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
      'service cannot be reached by its address',
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

/** With sessionAffinity ClientIP whoever comes from an address goes where it went before, for as long as that endpoint is one of the Service. */
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
  // Nobody serves: kube-proxy refuses the connection, which a listener in user space can only take and reset.
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
      // What came before an orderly end is still on its way to the other side.
      if (!to.writableEnded) to.destroy();
    });
    from.pipe(to);
  }
}

async function close(listener: Listener): Promise<void> {
  for (const socket of listener.sockets) socket.destroy();
  await endListening(listener);
}

/** A server that is about to listen cannot be closed yet. */
async function endListening({ server, opened }: Listener): Promise<void> {
  await opened;
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}
