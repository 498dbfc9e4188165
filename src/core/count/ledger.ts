/**
 * Adds up the reports of all proxies: how many sessions a pod still has. Rules:
 *
 * - Unknown is never zero. A count is known only while every proxy that could send requests to the pod has reported
 *   within the last seconds, and confirms that it treats the pod as Draining.
 * - Sessions outlive the proxy that counted them. The last report of a proxy that was deleted or restarted counts until those sessions
 *   would have ended by themselves: their clients may return through another proxy.
 * - A proxy that shuts down gracefully hands its sessions over to another, see `Handover`. Its report counts until the other proxy
 *   reports itself as its successor.
 */
import { formatList } from '../names/format.ts';
import type { EndpointReport, ProxyProcess, Report, SessionSource } from '../../wire/messages.ts';

export type Ledger = {
  /** Records a report of the proxy in a pod. Returns false if it is older than the latest one, and changes nothing. */
  record(proxyUid: string, report: Omit<Report, 'ended' | 'seen'>, nowMs: number): boolean;
  /** Returns the session count of a pod. `expectedProxyUids`: the existing pods of its Gateway's proxy. */
  sourcesOf(podUid: string, expectedProxyUids: string[], nowMs: number): SessionSource[];
  /** For the status: returns, by pod UID, the sessions on pods that at least one fresh report lists. Unknown pods are absent. */
  countsOf(podUids: string[], nowMs: number): Map<string, SessionCount>;
  /** Returns the sessions on a pod, whatever its state; undefined unless every expected proxy has reported it within the last seconds. */
  certainCountOf(podUid: string, expectedProxyUids: readonly string[], nowMs: number): SessionCount | undefined;
  /** Returns the session keys of a proxy, by backend key; undefined unless it has reported them within the last seconds. */
  keyRingsOf(proxyUid: string, nowMs: number): Report['keyRings'];
};

/** Both hold a pod. */
export type SessionCount = { confirmed: number; unconfirmed: number };

/** A proxy sends a report each second: five of them may be lost. */
export const reportMaxAgeMs = 5000;

type Latest = {
  startedAtMs: number;
  sequence: number;
  atMs: number;
  endpoints: Map<string, EndpointReport>;
  keyRings: Report['keyRings'];
};

/** The last count of a proxy process that has been replaced. */
type StaleCount = { process: string; endpoint: EndpointReport };

/** A report that is in flight when its proxy stops arrives within this time. */
const lateReportMs = 60_000;

const processKey = ({ uid, startedAtMs }: ProxyProcess): string => `${uid}@${startedAtMs}`;

/** The state is in the memory of one operator replica; it is complete within seconds after a start. */
export function createLedger(): Ledger {
  const latest = new Map<string, Latest>();
  const staleCounts = new Map<string, StaleCount[]>();
  /** By process: when a successor reported its sessions. */
  const handedOverAtMs = new Map<string, number>();

  /** From now on the successor counts the sessions of this process. */
  function dropHandedOver(stopped: ProxyProcess, nowMs: number): void {
    const key = processKey(stopped);
    handedOverAtMs.set(key, nowMs);
    if (latest.get(stopped.uid)?.startedAtMs === stopped.startedAtMs) latest.delete(stopped.uid);
    for (const [uid, list] of staleCounts) {
      staleCounts.set(
        uid,
        list.filter((stale) => stale.process !== key),
      );
    }
  }

  /** Returns the counts of the expected proxies, plus those of stopped proxies whose sessions may return. */
  function total(podUid: string, expectedProxyUids: readonly string[], nowMs: number): SessionCount {
    const expected = new Set(expectedProxyUids);
    const reported = [...latest].map(([uid, { endpoints }]) =>
      expected.has(uid) ? sessionsIn(endpoints.get(podUid)) : liveSessions(endpoints.get(podUid), nowMs),
    );
    return reported.reduce(addCounts, liveStaleSessions(staleCounts.get(podUid), nowMs));
  }

  const fresh = (proxyUid: string, nowMs: number): Latest | undefined => {
    const report = latest.get(proxyUid);
    return report && isFresh(report, nowMs) ? report : undefined;
  };

  return {
    record(proxyUid, report, nowMs) {
      forgetEnded(latest, staleCounts, nowMs);
      for (const [key, atMs] of handedOverAtMs) if (nowMs - atMs > lateReportMs) handedOverAtMs.delete(key);
      const known = latest.get(proxyUid);
      const { startedAtMs, sequence, endpoints, keyRings, successorOf = [] } = report;
      if (handedOverAtMs.has(processKey({ uid: proxyUid, startedAtMs }))) return false;
      if (known !== undefined) {
        if (startedAtMs < known.startedAtMs || (startedAtMs === known.startedAtMs && sequence <= known.sequence)) {
          return false;
        }
        // A new process in the same pod has not the memory of the previous one.
        if (startedAtMs > known.startedAtMs) keepStale(staleCounts, { uid: proxyUid, ...known });
      }
      for (const process of successorOf) dropHandedOver(process, nowMs);
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
      const { confirmed, unconfirmed } = total(podUid, expectedProxyUids, nowMs);
      return [{ type: 'Proxy', known: true, sessions: confirmed + unconfirmed }];
    },

    countsOf(podUids, nowMs) {
      const counts = new Map<string, SessionCount>();
      for (const podUid of podUids) {
        const reports = [...latest.values()].filter(({ endpoints }) => endpoints.has(podUid));
        if (!reports.some((report) => isFresh(report, nowMs))) continue;
        const reported = reports.map((report) =>
          isFresh(report, nowMs)
            ? sessionsIn(report.endpoints.get(podUid))
            : liveSessions(report.endpoints.get(podUid), nowMs),
        );
        counts.set(podUid, reported.reduce(addCounts, liveStaleSessions(staleCounts.get(podUid), nowMs)));
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

const none: SessionCount = { confirmed: 0, unconfirmed: 0 };

const addCounts = (one: SessionCount, other: SessionCount): SessionCount => ({
  confirmed: one.confirmed + other.confirmed,
  unconfirmed: one.unconfirmed + other.unconfirmed,
});

/** An older proxy reports no unconfirmed sessions: all of its sessions count as confirmed. */
function sessionsIn(endpoint: EndpointReport | undefined): SessionCount {
  const unconfirmed = Math.min(endpoint?.unconfirmed?.sessions ?? 0, endpoint?.sessions ?? 0);
  return { confirmed: (endpoint?.sessions ?? 0) - unconfirmed, unconfirmed };
}

/** The sessions of a proxy that no longer reports: they end at the reported times at the latest. */
function liveSessions(endpoint: EndpointReport | undefined, nowMs: number): SessionCount {
  if (endpoint === undefined) return none;
  const { confirmed, unconfirmed } = sessionsIn(endpoint);
  return {
    confirmed: endpoint.expiresAtMs > nowMs ? confirmed : 0,
    unconfirmed: (endpoint.unconfirmed?.expiresAtMs ?? 0) > nowMs ? unconfirmed : 0,
  };
}

const isLive = (endpoint: EndpointReport, nowMs: number): boolean => {
  const { confirmed, unconfirmed } = liveSessions(endpoint, nowMs);
  return confirmed + unconfirmed > 0;
};

const liveStaleSessions = (list: StaleCount[] | undefined, nowMs: number): SessionCount =>
  (list ?? []).map(({ endpoint }) => liveSessions(endpoint, nowMs)).reduce(addCounts, none);

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

/** Bounded, because it becomes part of logs, events and status. */
const describe = (missing: string[]): string => formatList(missing, { max: 3, separator: '; ' });

/** A container that restarts this often in an idle timeout waits for minutes between two starts; only a false report can have more. */
const maxStaleProcesses = 16;

function keepStale(staleCounts: Map<string, StaleCount[]>, replaced: Latest & { uid: string }): void {
  const process = processKey(replaced);
  for (const [uid, endpoint] of replaced.endpoints) {
    if (endpoint.sessions === 0) continue;
    const list = staleCounts.get(uid) ?? [];
    const own = list.filter(({ process: key }) => key.startsWith(`${replaced.uid}@`));
    const oldest = own.length >= maxStaleProcesses ? own[0] : undefined;
    staleCounts.set(uid, [...list.filter((stale) => stale !== oldest), { process, endpoint }]);
  }
}

/**
 * Removes what no longer counts. A stale report only shows which sessions may return; after the last of them has ended it is removed:
 * a proxy without a report is as unknown as one with a stale report. (After that, a proxy whose clock was set back is accepted
 * again; until then its reports looked late.)
 */
function forgetEnded(latest: Map<string, Latest>, staleCounts: Map<string, StaleCount[]>, nowMs: number): void {
  for (const [uid, report] of latest) {
    if (!isFresh(report, nowMs) && ![...report.endpoints.values()].some((endpoint) => isLive(endpoint, nowMs))) {
      latest.delete(uid);
    }
  }
  for (const [uid, list] of staleCounts) {
    const live = list.filter(({ endpoint }) => isLive(endpoint, nowMs));
    if (live.length > 0) staleCounts.set(uid, live);
    else staleCounts.delete(uid);
  }
}
