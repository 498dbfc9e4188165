import { systemClock } from '../platform/clock.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import { createAccessLog, type AccessLogPorts } from './access-log/access-log.ts';
import type { LineWriter } from './access-log/line-writer.ts';
import type { SessionRouter } from './routing.ts';
import type { ProxySettings } from '../wire/proxy-settings.ts';
import { createAdmission } from './net/admission.ts';
import { watchFreeFiles } from './net/free-files.ts';
import { defaultProxySettings } from '../wire/proxy-settings.ts';
import { createTrustedProxies } from './net/trusted-proxies.ts';
import { createDeadlines } from './net/deadlines.ts';
import { createUpstreamPool } from './upstream/pool.ts';
import type { PoolOptions, Uids } from './upstream/pool.ts';
import { createSocketMaker, type SocketKind } from './net/sockets.ts';
import { openPort } from './net/acceptors.ts';
import type { BoundListener } from './net/acceptors.ts';
import { createReception } from './listener/reception.ts';
import { createTermination, type TlsConfig } from './tls/termination.ts';
import { OpenConnections } from './listener/open-connections.ts';
import type { CutReport } from './listener/open-connections.ts';
import { createCounters } from './counters.ts';
import type { ServerCounters } from './counters.ts';
import { createHead } from './http/head.ts';
import { replaceId } from './http/request-ids.ts';
import { Exchange } from './exchange/exchange.ts';
import { ClientConnection } from './h1/client-connection.ts';
import { createKnownResponses } from './h1/known-responses.ts';
import { Http1UpstreamStream } from './h1/upstream-stream.ts';
import { Http2UpstreamConnection } from './h2/upstream-connection.ts';
import type { UpstreamConnection } from './upstream/connection.ts';
import { Http2ClientConnection } from './h2/client-connection.ts';
import { HeadAssembler } from './h2/head-assembler.ts';
import { createFaults } from './faults.ts';
import { createTurns, handshakesPerTurn, requestsPerTurn } from './listener/turns.ts';
import type { HeadLimits } from './http/head.ts';
import { defaultPoolOptions, defaultRequestLimits, defaultTimeouts, responseLimits } from './context.ts';
import type { ServerTimeouts, ServerContext } from './context.ts';

export type ProxyServerOptions = {
  router: SessionRouter;
  clock?: Clock;
  /** Receives the faults of requests and connections. Default: discarded. */
  log?: Pick<Logger, 'error'>;
  timeouts?: Partial<ServerTimeouts>;
  requestLimits?: Partial<HeadLimits>;
  pool?: Partial<PoolOptions>;
  /** Where the access log goes, if the settings ask for one. Default: it is discarded. */
  accessLines?: Pick<LineWriter, 'write'>;
  /** How the bytes of plain connections are moved. Default: `Handles`, where Node has them. */
  sockets?: SocketKind;
  /** The number of client connections for which the process has files. */
  connectionsByFiles?: number;
};

export type ListenOptions = {
  port: number;
  host?: string;
  /** The port of the listener in the routing table, if another one is bound. */
  listenerPort?: number;
  /** Of the port, if another process has bound it. */
  sockets?: readonly object[];
};

export interface ProxyServer {
  readonly counters: Readonly<ServerCounters>;
  listen(options: ListenOptions): Promise<BoundListener>;
  /** Returns the numbers of upstream connections, `open` including idle ones. */
  upstreamCounts(): { open: number; idle: number };
  /** Applies the limits and timeouts of a routing table, to open connections too. Never above the limit that the process's files allow. */
  configure(settings: ServerSettings): void;
  /** The listeners that are encrypted, and all certificates, also those towards endpoints: for later connections. */
  configureTls(config: TlsConfig): void;
  /** Returns the number of client connections that are accepted: that of the settings, or what the process's files allow. */
  maxConnections(): number;
  /** Must be called with the pods of a new routing table: idle connections to other pods close, open requests continue. `lost`: those whose node is lost. */
  retain(uids: Uids, lost?: Uids): void;
  /**
   * From now on every response contains `Connection: close`; everything else continues. With some time between this and `shutdown`, few
   * connections remain to be closed while their client may be about to use them, a race that neither side can win (RFC 9112 §9.5).
   */
  announceShutdown(): void;
  /**
   * Leaves new connections to other processes that accept from the same sockets. Responses contain `Connection: close`, and idle connections
   * stay until their clients use or close them, or their timeout. Resolves when all are closed, at the latest after `limitMs`.
   */
  leave(limitMs: number): Promise<void>;
  /**
   * Stops accepting, closes idle connections, lets responses and upgraded streams finish. Resolves half a second after the last of them, at the
   * latest half a second after the grace period: remaining upgraded streams are then closed by FIN, requests are cut.
   */
  shutdown(options: { graceMs: number }): Promise<CutReport>;
}

const none: Uids = new Set();

/** The settings that concern the request path. */
export type ServerSettings = Pick<
  ProxySettings,
  'trustedProxies' | 'proxyProtocol' | 'requestIds' | 'limits' | 'timeouts' | 'accessLog'
>;

export function createProxyServer(options: ProxyServerOptions): ProxyServer {
  const context = createContext(options);
  const { counters, deadlines, pool } = context;
  const connections = new OpenConnections(context.clock);
  const admission = createAdmission();
  const { connectionsByFiles = Number.POSITIVE_INFINITY } = options;
  let maxConnections = connectionsByFiles;
  let stopWatchingFiles: (() => void) | undefined;
  const listeners = new Set<BoundListener>();
  const logPorts = accessLogPorts(context, options);
  const reception = createReception({
    context,
    connections,
    admission,
    createConnection: (socket, opened) =>
      opened.protocol === 'HTTP2'
        ? new Http2ClientConnection(socket, context, opened)
        : new ClientConnection(socket, context, opened),
  });

  /**
   * Accepts the connections that the kernel has queued, which it would reset when the port closes. The number of turns is limited: load
   * balancers have been notified, and connections that still arrive after so many turns would never end.
   */
  async function acceptQueued(): Promise<void> {
    let before = -1;
    for (let turns = 0; turns < 100 && counters.connectionsAccepted !== before; turns++) {
      before = counters.connectionsAccepted;
      await oneTurn();
    }
  }

  async function closeListeners(): Promise<void> {
    context.shutdown = 'announced';
    for (const listener of listeners) listener.close();
    await oneTurn();
  }

  return {
    counters,
    async listen({ port, host, listenerPort = port, sockets }) {
      const listener = await openPort(
        { port, host, sockets, kind: context.sockets.kind },
        { accept: (accepted) => reception.accept(accepted, listenerPort), failed: () => (counters.acceptErrors += 1) },
      );
      listeners.add(listener);
      stopWatchingFiles ??= watchFreeFiles(context.clock, () => (counters.acceptErrors += 1));
      return {
        port: listener.port,
        close() {
          listeners.delete(listener);
          listener.close();
        },
      };
    },
    upstreamCounts: () => pool.counts(),
    configure({ limits, timeouts, trustedProxies, proxyProtocol, requestIds, accessLog }) {
      context.replaceId = replaceId[requestIds];
      context.accessLog = createAccessLog(accessLog, logPorts);
      maxConnections = Math.min(limits.connections, connectionsByFiles);
      admission.configure({
        connections: maxConnections,
        connectionsPerAddress: limits.connectionsPerAddress,
        // The address of a load balancer stands for many clients.
        exempt: trustedProxies,
      });
      context.inFront = { trusted: createTrustedProxies(trustedProxies), proxyProtocol };
      context.timeouts = {
        ...context.timeouts,
        headMs: timeouts.requestHeadMs,
        idleMs: timeouts.clientIdleMs,
        bodyMs: timeouts.requestBodyMs,
        responseHeadMs: timeouts.responseHeadMs,
      };
      pool.configure({
        connectTimeoutMs: timeouts.connectMs,
        maxUnansweredPerEndpoint: limits.requestsPerEndpoint,
        maxOpen: maxConnections,
      });
    },
    configureTls(config) {
      context.termination.configure(config);
      pool.configure({ certificates: config.certificates });
    },
    maxConnections: () => maxConnections,
    retain: (uids, lost = none) => pool.retain(uids, lost),
    announceShutdown() {
      context.shutdown = 'announced';
      connections.announceShutdown();
    },
    async leave(limitMs) {
      await closeListeners();
      connections.announceShutdown();
      await connections.whenClosed(limitMs);
    },
    async shutdown({ graceMs }) {
      context.shutdown = 'announced';
      await acceptQueued();
      await closeListeners();
      context.shutdown = 'closing';
      connections.closeIdle();
      await connections.whenDone(graceMs);
      const report = connections.endAll();
      await connections.whenClosed(finMs);
      connections.cutAll();
      pool.close();
      deadlines.stop();
      stopWatchingFiles?.();
      return report;
    },
  };
}

const accessLogPorts = (
  { router, clock }: ServerContext,
  { accessLines = noLines }: Pick<ProxyServerOptions, 'accessLines'>,
): AccessLogPorts => ({
  labels: (request, listenerPort) => router.labels(request, listenerPort),
  lines: accessLines,
  nowMs: () => clock.nowMs(),
  random: Math.random,
});

const noLines = { write: () => undefined };
const noLog = { error: () => undefined };

function createContext({ router, clock = systemClock, log = noLog, ...options }: ProxyServerOptions): ServerContext {
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const counters = createCounters();
  const faults = createFaults({ clock, log, counts: counters.faults });
  const fault = (error: unknown) => faults.record(error, 'Upstream');
  const deadlines = createDeadlines(clock, sweepPeriodMs(timeouts));
  const sockets = createSocketMaker(options.sockets);
  const responseHead = createHead(responseLimits);
  const requestHead = createHead({ ...defaultRequestLimits, ...options.requestLimits });
  const http1Ports = {
    responseHead,
    knownResponses: createKnownResponses(),
    give: (free: UpstreamConnection) => pool.give(free),
    stallDeadlineMs: () => deadlines.in(context.timeouts.stallMs),
  };
  const http2Ports = {
    clock,
    responseHead,
    responseAssembler: new HeadAssembler(responseHead),
    idleDeadlineMs: () => deadlines.in(http2IdleMs),
  };
  const pool = createUpstreamPool(
    {
      clock,
      deadlines,
      sockets,
      fault,
      createCodec: (connection) =>
        connection.group.protocol === 'HTTP2'
          ? new Http2UpstreamConnection(connection, http2Ports)
          : new Http1UpstreamStream(connection, http1Ports),
    },
    { ...defaultPoolOptions, ...options.pool },
  );
  const context: ServerContext = {
    router,
    clock,
    timeouts,
    deadlines,
    sockets,
    pool,
    counters,
    faults,
    createHandler: (stream) => new Exchange(stream, context),
    turns: createTurns(requestsPerTurn),
    handshakeTurns: createTurns(handshakesPerTurn),
    termination: createTermination(log),
    requestHead,
    requestAssembler: new HeadAssembler(requestHead),
    inFront: {
      trusted: createTrustedProxies(defaultProxySettings.trustedProxies),
      proxyProtocol: defaultProxySettings.proxyProtocol,
    },
    accessLog: undefined,
    replaceId: undefined,
    shutdown: 'no',
  };
  return context;
}

/** Endpoints say with GOAWAY when they end a connection, so one may be kept for longer than one of HTTP/1.1. */
const http2IdleMs = 60_000;

/** A quarter of the shortest timeout, within reason: a timeout is late by two periods at most. */
function sweepPeriodMs(timeouts: ServerTimeouts): number {
  return Math.min(500, Math.max(10, Math.min(...Object.values(timeouts)) / 4));
}

/**
 * Timers run before sockets are polled, so after a busy turn of the event loop there may be connections that are not accepted yet, and
 * unread requests on connections that seem idle. One turn processes them.
 */
const oneTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Time for FIN to be sent and acknowledged by the client's FIN: otherwise the end of the process resets clients that are still sending. */
const finMs = 500;
