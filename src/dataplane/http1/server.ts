import net from 'node:net';
import type { Server, Socket } from 'node:net';
import { systemClock } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import type { SessionRouter } from '../routing.ts';
import { createDeadlines } from '../upstream/deadlines.ts';
import { createUpstreamPool } from '../upstream/pool.ts';
import type { PoolOptions } from '../upstream/pool.ts';
import { ClientConnection } from './client-connection.ts';
import { createCounters } from './counters.ts';
import type { Http1Counters } from './counters.ts';
import { createHead } from './head-parser.ts';
import type { HeadLimits } from './head-parser.ts';
import { defaultPoolOptions, defaultRequestLimits, defaultTimeouts, responseLimits } from './options.ts';
import type { Http1Timeouts, ServerContext } from './options.ts';

export type Http1ServerOptions = {
  router: SessionRouter;
  clock?: Clock;
  timeouts?: Partial<Http1Timeouts>;
  requestLimits?: Partial<HeadLimits>;
  pool?: Partial<PoolOptions>;
};

export type ListenOptions = {
  port: number;
  host?: string;
  /** The port by which the routing table knows the listener, where another one is bound. */
  listenerPort?: number;
  /** Several processes share the port (SO_REUSEPORT). */
  reusePort?: boolean;
};

export type BoundListener = {
  port: number;
  /** Accepts no more; connections that are open go on. */
  close(): void;
};

/** What the end of the grace cut off. */
export type CutReport = { requests: number; upgrades: number };

export interface Http1Server {
  readonly counters: Readonly<Http1Counters>;
  listen(options: ListenOptions): Promise<BoundListener>;
  /** Upstream connections, in use and idle. */
  upstreamCounts(): { open: number; idle: number };
  /** The pods of a new routing table: idle connections to any other pod close, open requests go on. */
  retain(uids: ReadonlySet<string>): void;
  /**
   * Stops accepting, closes idle connections, lets responses end with `Connection: close` and upgraded streams by themselves.
   * Resolves when everything is over, at the latest when the grace is.
   */
  shutdown(options: { graceMs: number }): Promise<CutReport>;
}

export function createHttp1Server(options: Http1ServerOptions): Http1Server {
  const context = createContext(options);
  const { counters, deadlines, pool } = context;
  const connections = new Set<ClientConnection>();
  const servers = new Set<Server>();
  let lastClosed: (() => void) | undefined;

  function accept(socket: Socket, listenerPort: number): void {
    const connection = new ClientConnection(socket, context, { port: listenerPort, scheme: 'http' });
    connections.add(connection);
    deadlines.watch(connection);
    counters.connectionsAccepted++;
    counters.connectionsOpen++;
    socket.once('close', () => {
      connections.delete(connection);
      deadlines.forget(connection);
      counters.connectionsOpen--;
      if (connections.size === 0) {
        lastClosed?.();
      }
    });
  }

  function stopAccepting(): void {
    for (const server of servers) {
      server.close();
    }
    servers.clear();
  }

  return {
    counters,
    async listen({ port, listenerPort = port, ...where }) {
      const server = net.createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
      server.on('connection', (socket) => accept(socket, listenerPort));
      const bound = await bind(server, { port, ...where });
      // Out of file descriptors, say: the listener itself is well.
      server.on('error', () => counters.acceptErrors++);
      servers.add(server);
      return {
        port: bound,
        close() {
          servers.delete(server);
          server.close();
        },
      };
    },
    upstreamCounts: () => pool.counts(),
    retain: (uids) => pool.retain(uids),
    async shutdown({ graceMs }) {
      context.stopping = true;
      stopAccepting();
      for (const connection of connections) {
        connection.closeIfIdle();
      }
      await new Promise<void>((resolve) => {
        const cancel = context.clock.after(graceMs, resolve);
        lastClosed = () => {
          cancel();
          resolve();
        };
        if (connections.size === 0) {
          lastClosed();
        }
      });
      const report = cutAll(connections);
      pool.close();
      deadlines.stop();
      return report;
    },
  };
}

function createContext({ router, clock = systemClock, ...options }: Http1ServerOptions): ServerContext {
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const deadlines = createDeadlines(clock, sweepPeriodMs(timeouts));
  return {
    router,
    clock,
    timeouts,
    deadlines,
    pool: createUpstreamPool(clock, deadlines, { ...defaultPoolOptions, ...options.pool }),
    counters: createCounters(),
    requestHead: createHead({ ...defaultRequestLimits, ...options.requestLimits }),
    responseHead: createHead(responseLimits),
    stopping: false,
  };
}

/** A quarter of the shortest timeout, within reason: a timeout is late by two periods at most. */
function sweepPeriodMs(timeouts: Http1Timeouts): number {
  return Math.min(500, Math.max(10, Math.min(...Object.values(timeouts)) / 4));
}

function cutAll(connections: ReadonlySet<ClientConnection>): CutReport {
  const report: CutReport = { requests: 0, upgrades: 0 };
  for (const connection of connections) {
    report.requests += connection.phase === 'exchange' ? 1 : 0;
    report.upgrades += connection.phase === 'tunnel' ? 1 : 0;
    connection.cut('close');
  }
  return report;
}

function bind(server: Server, options: { port: number; host?: string; reusePort?: boolean }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : options.port);
    });
  });
}
