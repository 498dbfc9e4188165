import type { Clock } from '../platform/clock.ts';
import type { AccessLog } from './access-log/access-log.ts';
import type { ProxySettings } from '../wire/proxy-settings.ts';
import type { SocketMaker } from './net/sockets.ts';
import type { TrustedProxies } from './net/trusted-proxies.ts';
import type { Deadlines } from './net/deadlines.ts';
import type { PoolOptions, UpstreamPool } from './upstream/pool.ts';
import type { SessionRouter } from './routing.ts';
import type { ServerCounters } from './counters.ts';
import type { Faults } from './faults.ts';
import type { Turns } from './listener/turns.ts';
import type { Termination } from './tls/termination.ts';
import type { HeadAssembler } from './h2/head-assembler.ts';
import type { Head, HeadLimits } from './http/head.ts';
import type { ReplaceId } from './http/request-ids.ts';
import type { ClientStream, RequestHandler } from './streams.ts';

export type ServerTimeouts = {
  /** From accept, or from the first byte of a later request, to the end of the head. */
  headMs: number;
  /** Between two requests of a connection. */
  idleMs: number;
  /** Without progress of a client that owes the rest of a body; if the app has begun its response, without progress of that either. */
  bodyMs: number;
  /**
   * Without progress of an app that should accept the request or respond to it. A long poll is a session in use, not a failure; a dead app is
   * detected otherwise (`upstream/health.ts`), a client that left by its FIN or by keep-alive. So this limit is for apps that lost a request:
   * its session would hold up a draining pod.
   */
  responseHeadMs: number;
  /**
   * Without progress of a client that does not read pending bytes. Long, because the kernel reports progress only when a third of a full buffer of 4 MB is free: with a reader at 1.5 kB/s, that is every quarter of an hour.
   */
  stallMs: number;
  /** After one side sent FIN: silence for this long means that it is gone, not half-closed. */
  halfClosedMs: number;
  /** After our FIN: how long the client's data is discarded, so that a reset does not destroy our response (RFC 9112 §9.6). */
  lingerMs: number;
};

export const defaultTimeouts: ServerTimeouts = {
  headMs: 15_000,
  idleMs: 75_000,
  bodyMs: 60_000,
  responseHeadMs: 600_000,
  stallMs: 900_000,
  halfClosedMs: 30_000,
  lingerMs: 2_000,
};

/** RFC 9112 §3 recommends at least 8000 bytes for the request line. */
export const defaultRequestLimits: HeadLimits = { lineBytes: 8 * 1024, headBytes: 32 * 1024, fields: 100 };
/** Apps may send more: they may set many cookies. */
export const responseLimits: HeadLimits = { lineBytes: 8 * 1024, headBytes: 64 * 1024, fields: 256 };

export const defaultPoolOptions: PoolOptions = {
  // A pod responds in milliseconds. The kernel retransmits a lost SYN after 1 s: with 300 ms for the response to that, one lost packet is no failure.
  connectTimeoutMs: 1_300,
  idleTimeoutMs: 4_000,
  maxIdlePerEndpoint: 256,
  freshForMs: 1_000,
  maxUnansweredPerEndpoint: 1024,
  maxOpen: Number.POSITIVE_INFINITY,
  // Requests to a dead node fail 8 s after they were sent (2 + 1 s of silence, probes at 0, 2 and 4 s), its idle WebSockets within 20 s.
  health: { sweepMs: 1_000, awaitedMs: 2_000, quietMs: 10_000, probes: 3 },
};

/** `trusted`: another object after a change of `ProxySettings.trustedProxies`. */
export type InFront = { trusted: TrustedProxies; proxyProtocol: ProxySettings['proxyProtocol'] };

/** Shared by all connections of a server. */
export type ServerContext = {
  readonly router: SessionRouter;
  readonly clock: Clock;
  /** Another object after a change of the settings. */
  timeouts: ServerTimeouts;
  /** Makes what takes the requests of a client's stream. */
  createHandler(stream: ClientStream): RequestHandler;
  readonly sockets: SocketMaker;
  readonly pool: UpstreamPool;
  readonly deadlines: Deadlines;
  readonly counters: ServerCounters;
  readonly faults: Faults;
  readonly turns: Turns;
  readonly handshakeTurns: Turns;
  /** The ports whose connections are encrypted. */
  readonly termination: Termination;
  /** Undefined: off. Another object after a change of the settings. */
  accessLog: AccessLog | undefined;
  /** Undefined: the ids of requests stay as they are. Another object after a change of the settings. */
  replaceId: ReplaceId | undefined;
  /** What is in front of the proxy, by the settings of the table; another object after a change. */
  inFront: InFront;
  /** Reused for every request. */
  readonly requestHead: Head;
  /** Writes to it what HTTP/2 decodes. */
  readonly requestAssembler: HeadAssembler;
  /**
   * `announced`: every response contains `Connection: close`, and clients reconnect elsewhere.
   * `closing`: idle connections close, with or without such a response.
   */
  shutdown: 'no' | 'announced' | 'closing';
};
