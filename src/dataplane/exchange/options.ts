import type { Clock } from '../../platform/clock.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { PoolOptions, UpstreamPool } from '../upstream/pool.ts';
import type { SessionRouter } from '../routing.ts';
import type { Http1Counters } from './counters.ts';
import type { Head, HeadLimits } from '../h1/head-parser.ts';

export type Http1Timeouts = {
  /** From accept, or from the first byte of a later request, to the end of the head. */
  headMs: number;
  /** Between two requests of a connection. */
  idleMs: number;
  /**
   * Without a word of an app that is to take the request or to answer it. A long poll is a session at work, not a fault, and an app that died
   * is found otherwise (`upstream/health.ts`), a client that left by its FIN or by keep-alive. So this is for apps that forgot a
   * request: their session would hold up a draining pod.
   */
  responseHeadMs: number;
  /**
   * Without any progress of a client: bytes wait for it, or it is to send more of a body. Long, because the kernel says so only when
   * a third of a full buffer of 4 MB is free: a reader at 1.5 kB/s shows progress every quarter of an hour.
   */
  stallMs: number;
  /** After one side sent FIN: silence for this long means that it is gone rather than half-closed. */
  halfClosedMs: number;
  /** After our FIN: how long what the client still sends is thrown away, so that a reset does not eat our answer (RFC 9112 §9.6). */
  lingerMs: number;
};

export const defaultTimeouts: Http1Timeouts = {
  headMs: 15_000,
  idleMs: 75_000,
  responseHeadMs: 3_600_000,
  stallMs: 900_000,
  halfClosedMs: 30_000,
  lingerMs: 2_000,
};

/** RFC 9112 §3 asks for 8000 bytes of request line at least. */
export const defaultRequestLimits: HeadLimits = { lineBytes: 8 * 1024, headBytes: 32 * 1024, fields: 100 };
/** Apps are trusted further: they may set many cookies. */
export const responseLimits: HeadLimits = { lineBytes: 8 * 1024, headBytes: 64 * 1024, fields: 256 };

export const defaultPoolOptions: PoolOptions = {
  // A pod answers in milliseconds. The kernel sends a lost SYN again after 1 s: with 300 ms for the answer to that, one lost packet is no failure.
  connectTimeoutMs: 1_300,
  idleTimeoutMs: 4_000,
  maxIdlePerEndpoint: 256,
  freshForMs: 1_000,
  // Requests to a dead node fail 8 s after they were sent (2 + 1 s of silence, probes at 0, 2 and 4 s), its idle WebSockets within 20 s.
  health: { sweepMs: 1_000, awaitedMs: 2_000, quietMs: 10_000, probes: 3 },
};

/** What all connections of a server share. */
export type ServerContext = {
  readonly router: SessionRouter;
  readonly clock: Clock;
  readonly timeouts: Http1Timeouts;
  readonly pool: UpstreamPool;
  readonly deadlines: Deadlines;
  readonly counters: Http1Counters;
  /** Parsed into again and again. A request that must wait for its route takes it away and leaves a new one. */
  requestHead: Head;
  readonly responseHead: Head;
  /**
   * `announced`: every response says `Connection: close`, and clients go elsewhere by themselves.
   * `closing`: what is idle closes, whether it was told or not.
   */
  shutdown: 'no' | 'announced' | 'closing';
};
