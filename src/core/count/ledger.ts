/**
 * Adds up the reports of all proxies: how many sessions a pod still has. Rules:
 *
 * - Unknown is never zero. A count is known only while every proxy that could send requests to the pod has reported
 *   within the last seconds, and acknowledges a table in which the pod drains.
 * - Sessions outlive the proxy that counted them. The last report of a proxy that was deleted or restarted counts until those sessions
 *   would have ended by themselves: their clients may return through another proxy.
 * - A proxy that shuts down gracefully hands its sessions over to another, see `Handover`. Its report counts until the other proxy
 *   reports itself as its successor.
 */
import { formatList } from '../names/format.ts';
import type { ProxyProcess, Report, SessionSource } from '../../wire/messages.ts';
import { createLatestReports, isFresh, type Latest, type RecordedReport } from './latest-reports.ts';
import { addCounts, isLive, liveSessions, sessionsIn, type SessionCount } from './session-count.ts';
import { createStaleCounts, processKey } from './stale-counts.ts';

export type Ledger = {
  /**
   * Records a report of the proxy in a pod. `Stale`: it is older than the latest one, `Gap`: it builds on another one; both change nothing.
   */
  record(proxyUid: string, report: RecordedReport, nowMs: number): 'Recorded' | 'Stale' | 'Gap';
  /** Returns the session count of a pod. `expectedProxyUids`: the existing pods of its Gateway's proxy. */
  sourcesOf(podUid: string, expectedProxyUids: string[], nowMs: number): SessionSource[];
  /** For the status: returns, by pod UID, the sessions on pods that at least one fresh report lists. Unknown pods are absent. */
  countsOf(podUids: string[], nowMs: number): Map<string, SessionCount>;
  /** Returns the sessions on a pod, whatever its state; undefined unless every expected proxy has reported it within the last seconds. */
  certainCountOf(podUid: string, expectedProxyUids: readonly string[], nowMs: number): SessionCount | undefined;
  /** Whether one of the proxies has a session on one of the pods, or has not reported within the last seconds that it has none. */
  mayUse(proxyUids: readonly string[], podUids: readonly string[], nowMs: number): boolean;
  /** Returns the session keys of a proxy, by backend key; undefined unless it has reported them within the last seconds. */
  keyRingsOf(proxyUid: string, nowMs: number): Report['keyRings'];
  /** Calls the listener with the UIDs of the pods whose counts or states have changed. Returns a function that unsubscribes. */
  onChange(listener: (podUids: ReadonlySet<string>) => void): () => void;
  /** Time changes counts too: forgets what has ended, and notifies of the pods that silent or replaced proxies have counted. */
  sweep(nowMs: number): void;
};

/** A report that is in flight when its proxy stops arrives within this time. */
const lateReportMs = 60_000;

/** The state is in the memory of one operator replica; it is complete within seconds after a start. */
export function createLedger(): Ledger {
  const latest = createLatestReports();
  const stale = createStaleCounts();
  /** By process: when a successor reported its sessions. */
  const handedOverAtMs = new Map<string, number>();
  const listeners = new Set<(podUids: ReadonlySet<string>) => void>();

  /** From now on the successor counts the sessions of this process. */
  function dropHandedOver(stopped: ProxyProcess, changed: Set<string>, nowMs: number): void {
    handedOverAtMs.set(processKey(stopped), nowMs);
    const report = latest.get(stopped.uid);
    if (report?.startedAtMs === stopped.startedAtMs) {
      for (const uid of report.endpoints.keys()) changed.add(uid);
      latest.delete(stopped.uid);
    }
    stale.dropProcess(processKey(stopped), changed);
  }

  /**
   * Removes what no longer counts. A stale report only shows which sessions may return; after the last of them has ended it is removed:
   * a proxy without a report is as unknown as one with a stale report. (After that, a proxy whose clock was set back is accepted
   * again; until then its reports looked late.)
   */
  function forgetEnded(changed: Set<string>, nowMs: number): void {
    for (const [uid, report] of latest.all()) {
      const counts = isFresh(report, nowMs) || [...report.endpoints.values()].some((one) => isLive(one, nowMs));
      if (counts) continue;
      for (const podUid of report.endpoints.keys()) changed.add(podUid);
      latest.delete(uid);
    }
    stale.dropEnded(changed, nowMs);
    for (const [key, atMs] of handedOverAtMs) if (nowMs - atMs > lateReportMs) handedOverAtMs.delete(key);
  }

  function notify(changed: ReadonlySet<string>): void {
    if (changed.size > 0) for (const listener of listeners) listener(changed);
  }

  /** Returns the counts of the expected proxies, plus those of stopped proxies whose sessions may return. */
  function total(podUid: string, isExpected: (uid: string, report: Latest) => boolean, nowMs: number): SessionCount {
    const reported = latest.ofPod(podUid).map(([uid, report]) => {
      const endpoint = report.endpoints.get(podUid);
      return isExpected(uid, report) ? sessionsIn(endpoint) : liveSessions(endpoint, nowMs);
    });
    return reported.reduce(addCounts, stale.liveSessions(podUid, nowMs));
  }

  const fresh = (proxyUid: string, nowMs: number): Latest | undefined => {
    const report = latest.get(proxyUid);
    return report && isFresh(report, nowMs) ? report : undefined;
  };

  /** Whether the report is of a process that was replaced or handed over, or older than the latest one. */
  function isLate(proxyUid: string, { startedAtMs, sequence }: Pick<Report, 'startedAtMs' | 'sequence'>): boolean {
    const known = latest.get(proxyUid);
    return (
      handedOverAtMs.has(processKey({ uid: proxyUid, startedAtMs })) ||
      (known !== undefined &&
        (startedAtMs < known.startedAtMs || (startedAtMs === known.startedAtMs && sequence <= known.sequence)))
    );
  }

  return {
    record(proxyUid, report, nowMs) {
      const ended = new Set<string>();
      forgetEnded(ended, nowMs);
      const known = latest.get(proxyUid);
      const refusal = isLate(proxyUid, report) ? 'Stale' : gapBefore(report, known);
      if (refusal !== undefined) {
        notify(ended);
        return refusal;
      }
      // A new process in the same pod has not the memory of the previous one.
      if (known && report.startedAtMs > known.startedAtMs) stale.keep({ uid: proxyUid, ...known });
      const changed = latest.take(proxyUid, report, nowMs);
      for (const uid of ended) changed.add(uid);
      for (const process of report.successorOf ?? []) dropHandedOver(process, changed, nowMs);
      notify(changed);
      return 'Recorded';
    },

    sourcesOf(podUid, expectedProxyUids, nowMs) {
      const missing = expectedProxyUids.flatMap((uid) => missingConfirmation(uid, latest.get(uid), { podUid, nowMs }));
      if (missing.length > 0) return [{ type: 'Proxy', known: false, reason: describe(missing) }];
      const { confirmed, unconfirmed } = total(podUid, (uid) => expectedProxyUids.includes(uid), nowMs);
      return [{ type: 'Proxy', known: true, sessions: confirmed + unconfirmed }];
    },

    countsOf(podUids, nowMs) {
      const isKnown = (podUid: string) => latest.ofPod(podUid).some(([, report]) => isFresh(report, nowMs));
      return new Map(
        podUids
          .filter(isKnown)
          .map((podUid) => [podUid, total(podUid, (_uid, report) => isFresh(report, nowMs), nowMs)]),
      );
    },

    certainCountOf(podUid, expectedProxyUids, nowMs) {
      const isCertain =
        expectedProxyUids.length > 0 && expectedProxyUids.every((uid) => fresh(uid, nowMs)?.endpoints.has(podUid));
      return isCertain ? total(podUid, (uid) => expectedProxyUids.includes(uid), nowMs) : undefined;
    },

    mayUse: (proxyUids, podUids, nowMs) =>
      proxyUids.some((uid) => {
        const endpoints = fresh(uid, nowMs)?.endpoints;
        return endpoints === undefined || podUids.some((podUid) => (endpoints.get(podUid)?.sessions ?? 0) > 0);
      }),

    keyRingsOf: (proxyUid, nowMs) => fresh(proxyUid, nowMs)?.keyRings,

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    sweep(nowMs) {
      const changed = new Set(stale.pods());
      for (const [, report] of latest.all()) {
        if (!isFresh(report, nowMs)) for (const podUid of report.endpoints.keys()) changed.add(podUid);
      }
      forgetEnded(changed, nowMs);
      notify(changed);
    },
  };
}

const gapBefore = (
  { since, startedAtMs }: Pick<Report, 'since' | 'startedAtMs'>,
  known: Latest | undefined,
): 'Gap' | undefined =>
  since === undefined || (known?.startedAtMs === startedAtMs && known.sequence === since) ? undefined : 'Gap';

/** Returns why this proxy's count is not certain; empty if it is. */
function missingConfirmation(
  uid: string,
  report: Latest | undefined,
  { podUid, nowMs }: { podUid: string; nowMs: number },
): string[] {
  if (report === undefined) return [`proxy pod ${uid} has not reported`];
  if (!isFresh(report, nowMs)) {
    return [`proxy pod ${uid} last reported ${Math.round((nowMs - report.atMs) / 1000)} s ago`];
  }
  if (!report.endpoints.has(podUid)) return [`proxy pod ${uid} does not have this pod in its routing table`];
  return report.draining?.has(podUid) === true ? [] : [`proxy pod ${uid} has not confirmed that this pod is draining`];
}

/** Bounded, because it becomes part of logs, events and status. */
const describe = (missing: string[]): string => formatList(missing, { max: 3, separator: '; ' });
