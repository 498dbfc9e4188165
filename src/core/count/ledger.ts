/**
 * What all proxies report, added up: how many sessions a pod still has. Rules:
 *
 * - Unknown is never zero. A count is known only while every proxy that could send requests to the pod has reported
 *   within the last seconds, and confirms that it treats the pod as Draining.
 * - Sessions outlive the proxy that counted them. What a proxy last reported before it went away or was restarted goes on
 *   counting until those sessions would have ended by themselves: their clients may come back through another proxy.
 * - One that shut down gracefully handed its sessions to another, see `Handover`. What it reported counts until that one says so.
 */
import { formatList } from '../names/format.ts';
import type { EndpointReport, ProxyProcess, Report, SessionSource } from '../../wire/messages.ts';

export type Ledger = {
  /** Takes a report of the proxy in a pod; `false`: it came late, after a newer one, and changed nothing. */
  record(proxyUid: string, report: Omit<Report, 'ended' | 'seen'>, nowMs: number): boolean;
  /** What the proxies know of one pod. `expectedProxyUids`: the pods of its Gateway's proxy that exist. */
  sourcesOf(podUid: string, expectedProxyUids: string[], nowMs: number): SessionSource[];
  /** By pod UID, for status: sessions on pods that at least one fresh report lists. Pods of which nothing is known are absent. */
  countsOf(podUids: string[], nowMs: number): Map<string, number>;
  /** Sessions on a pod, whatever its state; undefined unless every expected proxy has reported of it within the last seconds. */
  certainCountOf(podUid: string, expectedProxyUids: readonly string[], nowMs: number): number | undefined;
  /** Which session keys a proxy has, by backend key; undefined where it has not said so within the last seconds. */
  keyRingsOf(proxyUid: string, nowMs: number): Report['keyRings'];
};

/** Five reports, of which a proxy sends one each second. */
export const reportMaxAgeMs = 5000;

type Latest = {
  startedAtMs: number;
  sequence: number;
  atMs: number;
  endpoints: Map<string, EndpointReport>;
  keyRings: Report['keyRings'];
};

/** The last count of a proxy process that was restarted. */
type StaleCount = { process: string; sessions: number; expiresAtMs: number };

/** A report in flight when its proxy stops arrives within this time. */
const lateReportMs = 60_000;

const processKey = ({ uid, startedAtMs }: ProxyProcess): string => `${uid}@${startedAtMs}`;

/** The state lives in memory of one operator replica and is complete again within seconds of a start. */
export function createLedger(): Ledger {
  const latest = new Map<string, Latest>();
  const staleCounts = new Map<string, StaleCount[]>();
  /** By process: when a successor reported its sessions. */
  const inheritedAtMs = new Map<string, number>();

  /** From now on its successor counts these sessions. */
  function inherit(left: ProxyProcess, nowMs: number): void {
    const key = processKey(left);
    inheritedAtMs.set(key, nowMs);
    if (latest.get(left.uid)?.startedAtMs === left.startedAtMs) latest.delete(left.uid);
    for (const [uid, list] of staleCounts) {
      staleCounts.set(
        uid,
        list.filter((stale) => stale.process !== key),
      );
    }
  }

  /** Counts of the expected proxies, plus sessions that stopped proxies may have left. */
  function total(podUid: string, expectedProxyUids: readonly string[], nowMs: number): number {
    const expected = new Set(expectedProxyUids);
    let sessions = liveStaleSessions(staleCounts.get(podUid), nowMs);
    for (const [uid, { endpoints }] of latest) {
      sessions += expected.has(uid)
        ? (endpoints.get(podUid)?.sessions ?? 0)
        : liveSessions(endpoints.get(podUid), nowMs);
    }
    return sessions;
  }

  const fresh = (proxyUid: string, nowMs: number): Latest | undefined => {
    const report = latest.get(proxyUid);
    return report && isFresh(report, nowMs) ? report : undefined;
  };

  return {
    record(proxyUid, report, nowMs) {
      forgetEnded(latest, staleCounts, nowMs);
      for (const [key, atMs] of inheritedAtMs) if (nowMs - atMs > lateReportMs) inheritedAtMs.delete(key);
      const known = latest.get(proxyUid);
      const { startedAtMs, sequence, endpoints, keyRings, successorOf = [] } = report;
      if (inheritedAtMs.has(processKey({ uid: proxyUid, startedAtMs }))) return false;
      if (known !== undefined) {
        if (startedAtMs < known.startedAtMs || (startedAtMs === known.startedAtMs && sequence <= known.sequence)) {
          return false;
        }
        // A new process in the same pod, without the memory of the one before it.
        if (startedAtMs > known.startedAtMs) keepStale(staleCounts, { uid: proxyUid, ...known });
      }
      for (const left of successorOf) inherit(left, nowMs);
      latest.set(proxyUid, {
        startedAtMs,
        sequence,
        atMs: nowMs,
        endpoints: new Map(endpoints.map((endpoint) => [endpoint.uid, endpoint])),
        keyRings,
      });
      return true;
    },

    sourcesOf(podUid, expectedProxyUids, nowMs) {
      const missing = expectedProxyUids.flatMap((uid) => missingConfirmation(uid, latest.get(uid), { podUid, nowMs }));
      if (missing.length > 0) return [{ type: 'Proxy', known: false, reason: describe(missing) }];
      return [{ type: 'Proxy', known: true, sessions: total(podUid, expectedProxyUids, nowMs) }];
    },

    countsOf(podUids, nowMs) {
      const counts = new Map<string, number>();
      for (const podUid of podUids) {
        const reports = [...latest.values()].filter(({ endpoints }) => endpoints.has(podUid));
        if (!reports.some((report) => isFresh(report, nowMs))) continue;
        const reported = reports.map((report) =>
          isFresh(report, nowMs)
            ? (report.endpoints.get(podUid)?.sessions ?? 0)
            : liveSessions(report.endpoints.get(podUid), nowMs),
        );
        counts.set(
          podUid,
          reported.reduce((sum, sessions) => sum + sessions, liveStaleSessions(staleCounts.get(podUid), nowMs)),
        );
      }
      return counts;
    },

    certainCountOf(podUid, expectedProxyUids, nowMs) {
      const isCertain =
        expectedProxyUids.length > 0 && expectedProxyUids.every((uid) => fresh(uid, nowMs)?.endpoints.has(podUid));
      return isCertain ? total(podUid, expectedProxyUids, nowMs) : undefined;
    },

    keyRingsOf: (proxyUid, nowMs) => fresh(proxyUid, nowMs)?.keyRings,
  };
}

const isFresh = ({ atMs }: Latest, nowMs: number): boolean => nowMs - atMs <= reportMaxAgeMs;

/** Sessions of a proxy that reports no more: they end at the time it gave, at the latest. */
const liveSessions = (endpoint: EndpointReport | undefined, nowMs: number): number =>
  endpoint !== undefined && endpoint.expiresAtMs > nowMs ? endpoint.sessions : 0;

const liveStaleSessions = (list: StaleCount[] | undefined, nowMs: number): number =>
  (list ?? []).reduce((sum, { sessions, expiresAtMs }) => sum + (expiresAtMs > nowMs ? sessions : 0), 0);

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
  const endpoint = report.endpoints.get(podUid);
  if (endpoint === undefined) return [`proxy pod ${uid} does not have this pod in its routing table`];
  return endpoint.state === 'Draining' ? [] : [`proxy pod ${uid} has not confirmed that this pod is draining`];
}

/** Bounded: it becomes part of logs, events and status. */
const describe = (missing: string[]): string => formatList(missing, { max: 3, separator: '; ' });

function keepStale(staleCounts: Map<string, StaleCount[]>, gone: Latest & { uid: string }): void {
  const process = processKey(gone);
  for (const { uid, sessions, expiresAtMs } of gone.endpoints.values()) {
    if (sessions > 0) staleCounts.set(uid, [...(staleCounts.get(uid) ?? []), { process, sessions, expiresAtMs }]);
  }
}

/**
 * Keeps memory to what still counts. A stale report says nothing but which sessions may come back; when the last of them
 * has ended it can go: a proxy without a report is as unknown as one with a stale report. (By then a proxy is heard again
 * whose clock was set back, and whose reports looked late.)
 */
function forgetEnded(latest: Map<string, Latest>, staleCounts: Map<string, StaleCount[]>, nowMs: number): void {
  for (const [uid, report] of latest) {
    if (
      !isFresh(report, nowMs) &&
      [...report.endpoints.values()].every((endpoint) => liveSessions(endpoint, nowMs) === 0)
    ) {
      latest.delete(uid);
    }
  }
  for (const [uid, list] of staleCounts) {
    const live = list.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
    if (live.length > 0) staleCounts.set(uid, live);
    else staleCounts.delete(uid);
  }
}
