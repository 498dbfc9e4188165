import type { ReplyReason } from './routing.ts';
import type { LocalError } from './upstream/connect-failure.ts';
import type { FaultScope } from './faults.ts';
import type { ErrorName } from './h2/frames.ts';
import type { RefusalReason } from './http/refusals.ts';
import type { ProxyHeaderRefusal } from './net/proxy-protocol.ts';
import type { TlsFailure } from './upstream/tls.ts';
import type { HandshakeFailure } from './tls/handshake.ts';

/** Why a connection was closed that had to begin with a header of the PROXY protocol. */
export type ProxyProtocolRefusal = ProxyHeaderRefusal | 'UntrustedPeer' | 'Timeout';

/** The limits and timeouts of the proxy's settings, by their names in `HoldfastProxy`. */
export type ProxyLimit =
  | 'connections'
  | 'connectionsPerAddress'
  | 'requestsPerEndpoint'
  | 'requestHead'
  | 'requestBody'
  | 'responseHead';

/** Plain numbers, which are read when metrics are scraped: a labelled histogram would cost a request more than its parsing. */
export type ServerCounters = {
  connectionsAccepted: number;
  connectionsOpen: number;
  acceptErrors: number;
  requests: number;
  requestsOpen: number;
  /** Forwarded final responses of apps, by the first digit of the status: index 2 is 2xx. */
  responsesByClass: number[];
  refusals: Partial<Record<RefusalReason, number>>;
  /** Connections and requests that a limit of the proxy's settings ended. */
  limitRefusals: Record<ProxyLimit, number>;
  proxyProtocolRefusals: Record<ProxyProtocolRefusal, number>;
  /** Faults of clients that speak HTTP/2, by what was ended, and the code that the client got (RFC 9113 §7). */
  http2Errors: Record<'Connection' | 'Stream', Partial<Record<ErrorName, number>>>;
  /** Of connections to HTTPS listeners: completed, and failed, which includes those that the client gave up. */
  tlsHandshakes: number;
  tlsHandshakeFailures: Record<HandshakeFailure, number>;
  /** Copies of requests (RequestMirror): sent, not sent because too many were open, and cut before they were complete. */
  mirrors: Record<'Sent' | 'Dropped' | 'Cut', number>;
  mirrorsOpen: number;
  /** Responses of the proxy itself. */
  replies: Partial<Record<ReplyReason, number>>;
  /** Attempts that an endpoint refused or did not respond to. */
  upstreamConnectFailures: number;
  /** Attempts for which this proxy had no file, port or memory. */
  upstreamLocalErrors: Record<LocalError, number>;
  /** Those of `upstreamConnectFailures` to whom TLS could not begin. */
  upstreamTlsFailures: Record<TlsFailure, number>;
  /** Requests that were sent again because an idle connection was closed. */
  upstreamRetries: number;
  /** Of routes with retries: sent again, and not because that was the last attempt, or because of the budget. */
  retries: Record<'Sent' | 'Exhausted' | 'OverBudget', number>;
  /** Incomplete responses: the client's connection was aborted as well. */
  responsesTruncated: number;
  /** Exchanges that were aborted because the client was gone, or stopped reading or sending. */
  clientsGone: number;
  /** Exceptions in callbacks: each ended a request or connection. */
  faults: Record<FaultScope, number>;
  upgrades: number;
  upgradesOpen: number;
};

export function createCounters(): ServerCounters {
  return {
    connectionsAccepted: 0,
    connectionsOpen: 0,
    acceptErrors: 0,
    requests: 0,
    requestsOpen: 0,
    responsesByClass: [0, 0, 0, 0, 0, 0],
    refusals: {},
    limitRefusals: {
      connections: 0,
      connectionsPerAddress: 0,
      requestsPerEndpoint: 0,
      requestHead: 0,
      requestBody: 0,
      responseHead: 0,
    },
    proxyProtocolRefusals: { Missing: 0, Malformed: 0, TooLong: 0, UntrustedPeer: 0, Timeout: 0 },
    http2Errors: { Connection: {}, Stream: {} },
    tlsHandshakes: 0,
    tlsHandshakeFailures: {
      UnknownName: 0,
      NoCertificate: 0,
      NotTLS: 0,
      Refused: 0,
      ClientCertificate: 0,
      ClientClosed: 0,
      Timeout: 0,
    },
    mirrors: { Sent: 0, Dropped: 0, Cut: 0 },
    mirrorsOpen: 0,
    replies: {},
    upstreamConnectFailures: 0,
    upstreamLocalErrors: { EMFILE: 0, ENFILE: 0, EADDRNOTAVAIL: 0, ENOBUFS: 0, ENOMEM: 0 },
    upstreamTlsFailures: { Untrusted: 0, WrongName: 0, Expired: 0, Handshake: 0 },
    upstreamRetries: 0,
    retries: { Sent: 0, Exhausted: 0, OverBudget: 0 },
    responsesTruncated: 0,
    clientsGone: 0,
    faults: { Client: 0, Upstream: 0, Accept: 0 },
    upgrades: 0,
    upgradesOpen: 0,
  };
}

export function countReason<Reason extends string>(counts: Partial<Record<Reason, number>>, reason: Reason): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}

export function countStatus(counts: number[], status: number): void {
  const statusClass = Math.trunc(status / 100);
  counts[statusClass] = (counts[statusClass] ?? 0) + 1;
}
