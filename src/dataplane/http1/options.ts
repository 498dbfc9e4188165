import type { Clock } from '../../platform/clock.ts';
import type { Deadlines } from '../upstream/deadlines.ts';
import type { PoolOptions, UpstreamPool } from '../upstream/pool.ts';
import type { SessionRouter } from '../routing.ts';
import type { Http1Counters } from './counters.ts';
import type { Head, HeadLimits } from './head-parser.ts';

export type Http1Timeouts = {
  /** From accept, or from the first byte of a later request, to the end of the head. */
  headMs: number;
  /** Between two requests of a connection. */
  idleMs: number;
  /** From the end of the request to the head of the response. Long, because a long poll is a session at work, not a fault. */
  responseHeadMs: number;
  /**
   * Without any progress where bytes wait for someone to take them, or a request body for its sender. Long, because a slow
   * reader behind a full kernel buffer of 4 MB at 20 kB/s shows progress about once a minute.
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
  responseHeadMs: 300_000,
  stallMs: 300_000,
  halfClosedMs: 30_000,
  lingerMs: 2_000,
};

/** RFC 9112 §3 asks for 8000 bytes of request line at least. */
export const defaultRequestLimits: HeadLimits = { lineBytes: 8 * 1024, headBytes: 32 * 1024, fields: 100 };
/** Apps are trusted further: they may set many cookies. */
export const responseLimits: HeadLimits = { lineBytes: 8 * 1024, headBytes: 64 * 1024, fields: 256 };

export const defaultPoolOptions: PoolOptions = { connectTimeoutMs: 3_000, idleTimeoutMs: 4_000, maxIdlePerEndpoint: 256, freshForMs: 1_000 };

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
  /** Shutting down: every response says `Connection: close`. */
  stopping: boolean;
};
