/**
 * The messages between operator, proxy and sidecar: JSON over HTTPS to the replicas of the operator, authenticated by a projected
 * ServiceAccount token with the audience `holdfast`.
 *
 *     POST /v1/resources proxy    body: `Hello`; response: one `StreamMessage` per line (NDJSON), for as long as both live; first the ended
 *                                 sessions, then a `delta` with all that the proxy lacks
 *     POST /v1/report    proxy    body: `Report`; response: `ReportAnswer`
 *     POST /v1/handover  proxy    body: `Handover`, at shutdown; 204: sent to another proxy of the Gateway, 503: no other proxy is connected
 *     GET  /v1/drain     sidecar  response: `DrainStatus` of the pod that the token names. That the grace period of a pod is over is
 *                                 reported even for an expired token. `?known=VERSION&wait=MS`: once the status has another version, or
 *                                 after this time, 25 s at most
 *     POST /v1/drained   sidecar  body: `DrainSummary` of the pod that the token names
 *
 * Ids of sessions and endpoints are 16 hex digits. Times are Unix milliseconds, except those of a token, which are in seconds.
 */
import type { Reason } from '../api/reasons.ts';
import type { TableDelta } from './table-delta.ts';

/** The resources of the table that a proxy has, by id: their versions, whichever replica sent them. */
export type Hello = { have: Record<string, string> };

/**
 * What turns the table of the previous delta into that of this one; the first delta of a stream applies to the resources of the `Hello`.
 * `nonce`: increases; the proxy repeats the last one in its reports once it routes by that table.
 */
export type DeltaMessage = {
  type: 'delta';
  replica: string;
  nonce: number;
  revision: string;
  asOfMs: number;
  delta: TableDelta;
};

/** A resource that a proxy keeps as it was, because it cannot use the new one. `id`: as in `wire/resources.ts`. */
export type Refusal = { id: string; problem: string };

/**
 * `revision`: the newest resourceVersion that the replica has seen, a whole number in decimal digits. Kubernetes 1.35 makes
 * resourceVersions comparable (KEP-5504), so a proxy can tell which of two replicas has the newer state.
 * `asOfMs`: when the replica last knew that its state was current; heartbeats (every 2 s) update it.
 */
export type StreamMessage =
  | DeltaMessage
  | { type: 'heartbeat'; replica: string; revision: string; asOfMs: number }
  /** Sessions that were ended through another proxy of the Gateway, see `Report.ended`: new ones, and at the start all that are known. */
  | { type: 'ended'; replica: string; sessions: string[] }
  /** Sessions that another proxy of the Gateway has just seen alive, see `Report.seen`. */
  | { type: 'seen'; replica: string; sessions: string[] }
  /** Sessions that this proxy counts from now on, because the proxy that counted them has shut down. */
  | { type: 'handover'; replica: string; handover: Handover & { from: string } };

/** The process of a proxy: a restarted container in the same pod is another process. `uid`: the UID of the pod. */
export type ProxyProcess = { uid: string; startedAtMs: number };

/** The sessions of a proxy that shuts down gracefully: without a successor, they would count until their idle timeout. */
export type Handover = {
  startedAtMs: number;
  sessions: HandedSession[];
  /**
   * The ended sessions that it remembers, at most `maxHandedEnds`: the successor repeats them, because this proxy no longer can, and a
   * proxy that has started since may not know them.
   */
  ended: string[];
  /** Its last `Report.successorOf`: the successor also counts the sessions of these proxies. */
  successorOf: ProxyProcess[];
};

/** `endpoint`, `backend`: their ids, as in tokens. Times in seconds. */
export type HandedSession = {
  id: string;
  endpoint: string;
  backend: number;
  lastSeenS: number;
  issuedAtS: number;
  /** Absent: confirmed. */
  unconfirmed?: true;
};

/** A proxy with more sessions than this hands over none: the message stays below 6 MB. */
export const maxHandedSessions = 50_000;

/** Two megabytes. */
export const maxHandedEnds = 100_000;

/**
 * Sent each second, and at once after a change of the table, of the sessions on a draining pod, or the end of a session. Most reports name
 * only what has changed since the one before; each half minute one is complete.
 */
export type Report = {
  /**
   * When this process began to count. A proxy that was restarted in its pod has forgotten its sessions; this date shows the operator that
   * the clients of the sessions in earlier reports may still return.
   */
  startedAtMs: number;
  /** Increases with each report of a process: a late report never replaces a newer one. */
  sequence: number;
  /**
   * The last delta of this replica by whose table the proxy routes, and has routed since before the sessions in this report were counted.
   * `refused`: all that the proxy has refused of this stream, and has not received again or lost since. Absent: none.
   */
  acknowledged?: { nonce: number; refused: Refusal[] };
  /**
   * The sequence of the report that this one completes: it has only the endpoints that have changed since, and `gone`, the UIDs of those that
   * have left the table. The operator must have that report. Absent: this one is complete.
   */
  since?: number;
  gone?: string[];
  /** Every endpoint of the proxy's table. An endpoint that is not listed is unknown to this proxy. */
  endpoints: EndpointReport[];
  /**
   * Sessions that were ended before their limits in the last seconds (by their app, or because their client started another in their
   * place), repeated in several reports; and all that this proxy remembers, after it has connected to a replica of the operator. The
   * operator relays the ids, and keeps them for proxies that start later: another proxy would count the session, and accept its token.
   */
  ended: string[];
  /**
   * Sessions with a stream (WebSocket, SSE, long poll) that has been open for longer than the date in the client's token shows: the client
   * keeps the token of the handshake, and another proxy would consider its session idle. Repeated as time passes; the operator relays the
   * ids, and no proxy counts a session because of them. Also sessions whose client has just confirmed them at this proxy, but got its
   * token from another: that one stops counting them.
   */
  seen: string[];
  /** Proxies that have shut down and whose sessions are among those counted here. Absent: none. */
  successorOf?: ProxyProcess[];
  /**
   * The keys of the table by which the proxy routes, by backend key, without their secrets. A key may sign only once every proxy has
   * reported it. Absent in a report that is not complete: those of the report before.
   */
  keyRings?: Record<string, KeyRingReport>;
  /** Apps of the last seconds that used the name of a carrier; at most 50. Absent: none. */
  conflicts?: CarrierConflict[];
};

/**
 * An app set a cookie or header that carries session tokens. `workload`: whose app it is. `carrierOf`: whose tokens have the name.
 * Both are `namespace/name` of a StickyWorkload, and may be the same one.
 */
export type CarrierConflict = { workload: string; carrierOf: string; type: 'Cookie' | 'Header'; name: string };

/** `ids`: the keys that verify, ascending. `current`: the key that signs. */
export type KeyRingReport = { current: number; ids: number[] };

/** `complete`: the next report must be complete, because the operator does not have what this one builds on, or did not know all of its pods. */
export type ReportAnswer = { complete: boolean };

export type EndpointReport = {
  uid: string;
  /** Live sessions, confirmed or not: with an open request or stream, or idle for less than their timeout. */
  sessions: number;
  /** When the last of these sessions ends if no client returns; while a request is open, now + idle timeout. */
  expiresAtMs: number;
  /** Those of `sessions` whose client has not returned yet, and when the last of them ends if none does. Absent: none. */
  unconfirmed?: { sessions: number; expiresAtMs: number };
};

/**
 * The count of sessions on a pod from one source. Unknown is not zero. The operator sends `Proxy`; the sidecar adds the others, which it
 * counts in the pod itself.
 */
export type SessionSource =
  | { type: SourceType; known: true; sessions: number }
  | { type: SourceType; known: false; reason: string };
export type SourceType = 'Proxy' | 'Connections' | 'Application';

export type DrainStatus =
  | { terminating: false }
  | {
      terminating: true;
      /** The pod's deletionTimestamp: the end of its grace period. */
      killAtMs: number;
      /** Whether an app container runs, as far as the kubelet has reported. Absent: an operator of an earlier version. */
      appRuns?: boolean;
      /** The reason of the pod's condition DisruptionTarget, if Kubernetes has set one. */
      disruption?: string;
      sources: SessionSource[];
      /** Equal statuses have the same one, on every replica. Absent: it cannot be waited for another status. */
      version?: string;
    };

export type DrainSummary = {
  reason: Extract<Reason, 'DrainComplete' | 'DrainDeadline' | 'DrainCutShort'>;
  /** The most sessions at one time during the drain, and the sessions that were left at its end. Absent: unknown. */
  sessionsAtStart?: number;
  sessionsCut?: number;
  tookMs: number;
  message: string;
};
