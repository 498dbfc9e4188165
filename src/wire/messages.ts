/**
 * What operator, proxy and sidecar say to each other. JSON over HTTPS to every replica of the operator, authenticated
 * by a projected ServiceAccount token with the audience `holdfast`.
 *
 *     GET  /v1/table    proxy    answer: one `TableMessage` a line (NDJSON), for as long as both live
 *     POST /v1/report   proxy    body: `Report`
 *     POST /v1/handover proxy    body: `Handover`, as it goes; 204: another proxy of the Gateway was told, 503: there is none to tell
 *     GET  /v1/drain    sidecar  answer: `DrainStatus`, about the pod that the token names. That the time of a pod is over is told to any token that names it
 *     POST /v1/drained  sidecar  body: `DrainSummary`, about the pod that the token names
 */
import type { Reason } from '../api/reasons.ts';
import type { EndpointState, RoutingTable } from './routing-table.ts';

/**
 * `revision`: the newest resourceVersion the replica has seen, a whole number in decimal digits. Kubernetes 1.35 makes
 * resourceVersions comparable (KEP-5504), so a proxy can tell which of two replicas knows more.
 * `asOfMs`: when the replica last knew its view of the cluster to be current; heartbeats (every 2 s) carry it on.
 */
export type TableMessage =
  | { type: 'table'; replica: string; revision: string; asOfMs: number; table: RoutingTable }
  | { type: 'heartbeat'; replica: string; revision: string; asOfMs: number }
  /** Sessions that their app ended, as another proxy of the Gateway has seen it. Ids of 16 hex digits. */
  | { type: 'ended'; replica: string; sessions: string[] }
  /** Sessions that were alive on another proxy of the Gateway a moment ago, see `Report.seen`. Ids of 16 hex digits. */
  | { type: 'seen'; replica: string; sessions: string[] }
  /** Sessions that this proxy is to count from now on, because the one that did is gone. */
  | { type: 'handover'; replica: string; handover: Handover & { from: string } };

/** A process of a proxy: a container that was restarted in its pod is another one. */
export type ProxyProcess = { uid: string; startedAtMs: number };

/** What a proxy that shuts down gracefully counted last: without a successor, those sessions would count until their idle timeout. */
export type Handover = {
  startedAtMs: number;
  sessions: HandedSession[];
  /** Its last `Report.ended`: the successor repeats them, which this proxy no longer can. */
  ended: string[];
  /** Its last `Report.successorOf`: the successor counts for these, too. */
  successorOf: ProxyProcess[];
};

/** `endpoint`: as tokens name it. Ids of 16 hex digits, times in seconds of a token's clock. */
export type HandedSession = { id: string; endpoint: string; lastSeenS: number; issuedAtS: number };

/** Beyond this none are handed over: the message stays below 6 MB. */
export const maxHandedSessions = 50_000;

/** Sent at every change (at most every 200 ms) and at least every second. Complete: it replaces the one before. */
export type Report = {
  /**
   * When this process began to count, Unix ms. A proxy that was restarted in its pod has forgotten its sessions, and by this the operator
   * knows that those it reported before may still come back.
   */
  startedAtMs: number;
  /** Proxy's own monotonic number; a late report never replaces a newer one. */
  sequence: number;
  /** Every endpoint of the proxy's table; what is not listed is unknown to this proxy. */
  endpoints: EndpointReport[];
  /**
   * Sessions that their app ended in the last seconds, in several reports in a row. A client may have come through several proxies, and
   * each of the others would count its session until the idle timeout; the operator passes the ids on. One that gets lost only makes a
   * drain longer. Ids of 16 hex digits.
   */
  ended: string[];
  /**
   * Sessions with a stream (WebSocket, SSE, long poll) that has been open for longer than their token's date can tell: the client keeps
   * the token of the handshake, and another proxy would take its session for idle. Each is named again as time passes; the operator passes
   * the ids on, and nobody counts them. Ids of 16 hex digits.
   */
  seen: string[];
  /** Proxies that are gone, all of whose sessions are among those counted here. Absent: none. */
  successorOf?: ProxyProcess[];
  /**
   * By backend key: the keys of the table it routes by, without their secrets. A key may sign only when every proxy has named it.
   * Absent: a proxy of an older version, which confirms none.
   */
  keyRings?: Record<string, KeyRingReport>;
};

/** Keys that verify, ascending, and the one that signs. */
export type KeyRingReport = { current: number; ids: number[] };

export type EndpointReport = {
  uid: string;
  /** As in the table this proxy routes by: `Draining` confirms that it sends no new session there. */
  state: EndpointState;
  /** Live sessions: with an open request or stream, or idle for less than the idle timeout. */
  sessions: number;
  /** When the last of them would end if nobody came back; while a request is open, now + idle timeout. Unix ms. */
  expiresAtMs: number;
};

/**
 * What one source knows of the sessions on a pod. Unknown is not zero. `Proxy` comes from the operator; the sidecar adds the
 * others, which it counts in the pod itself.
 */
export type SessionSource =
  | { type: SourceType; known: true; sessions: number }
  | { type: SourceType; known: false; reason: string };
export type SourceType = 'Proxy' | 'Connections' | 'Application';

export type DrainStatus =
  | { terminating: false }
  | {
      terminating: true;
      /** deletionTimestamp: when the kubelet's grace is over. Unix ms. */
      killAtMs: number;
      /** Why Kubernetes disrupts the pod, where it says so: the reason of the pod's condition DisruptionTarget. */
      disruption?: string;
      sources: SessionSource[];
    };

export type DrainSummary = {
  reason: Extract<Reason, 'DrainComplete' | 'DrainDeadline' | 'DrainCutShort'>;
  /** Most sessions seen at one time during the drain, and what was left at the end (absent: unknown). */
  sessionsAtStart?: number;
  sessionsCut?: number;
  tookMs: number;
  message: string;
};
