import type { ReplyReason } from '../routing.ts';
import type { RefusalReason } from '../http/refusals.ts';

/** Plain numbers that are read when metrics are scraped: a labelled histogram would cost a request more than its parsing. */
export type Http1Counters = {
  connectionsAccepted: number;
  connectionsOpen: number;
  acceptErrors: number;
  requests: number;
  requestsOpen: number;
  /** Final responses passed on from apps, by the first digit of the status: index 2 is 2xx. */
  responsesByClass: number[];
  refusals: Partial<Record<RefusalReason, number>>;
  /** Responses of the proxy itself. */
  replies: Partial<Record<ReplyReason, number>>;
  upstreamConnectFailures: number;
  /** Requests sent again because an idle connection turned out to be closed. */
  upstreamRetries: number;
  /** Responses that broke off: the client saw its connection break, too. */
  responsesTruncated: number;
  /** Exchanges given up because the client was gone, or stopped reading or sending. */
  clientsGone: number;
  upgrades: number;
  upgradesOpen: number;
};

export function createCounters(): Http1Counters {
  return {
    connectionsAccepted: 0,
    connectionsOpen: 0,
    acceptErrors: 0,
    requests: 0,
    requestsOpen: 0,
    responsesByClass: [0, 0, 0, 0, 0, 0],
    refusals: {},
    replies: {},
    upstreamConnectFailures: 0,
    upstreamRetries: 0,
    responsesTruncated: 0,
    clientsGone: 0,
    upgrades: 0,
    upgradesOpen: 0,
  };
}

export function countReason<Reason extends string>(counts: Partial<Record<Reason, number>>, reason: Reason): void {
  counts[reason] = (counts[reason] ?? 0) + 1;
}
