/**
 * What all proxies report, added up: how many sessions a pod still has. Rules:
 *
 * - Unknown is never zero. A count is known only while every proxy that could send requests to the pod has reported
 *   within the last seconds, and confirms that it treats the pod as Draining.
 * - Sessions outlive the proxy that counted them. What a proxy last reported before it went away or was restarted goes on
 *   counting until those sessions would have ended by themselves: their clients may come back through another proxy.
 * - One that went in good order handed its sessions to another, see `Handover`. What it reported counts until that one says so.
 */
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

/** Sessions that a proxy process took with it when it was restarted. */
type Orphans = { process: string; sessions: number; expiresAtMs: number };

/** A report that is under way when its proxy goes is not later than this. */
const lateReportMs = 60_000;

const processKey = ({ uid, startedAtMs }: ProxyProcess): string => `${uid}@${startedAtMs}`;

/** The state lives in memory of one operator replica and is complete again within seconds of a start. */
export function createLedger(): Ledger {
  const latest = new Map<string, Latest>();
  const orphans = new Map<string, Orphans[]>();
  /** When it was said first, by process. */
  const inheritedAtMs = new Map<string, number>();

  /** From now on the heir counts for it. */
  function inherit(left: ProxyProcess, nowMs: number): void {
    const key = processKey(left);
    inheritedAtMs.set(key, nowMs);
    if (latest.get(left.uid)?.startedAtMs === left.startedAtMs) latest.delete(left.uid);
    for (const [uid, list] of orphans) {
      orphans.set(
        uid,
        list.filter((orphan) => orphan.process !== key),
      );
    }
  }

  /** What expected proxies count, and what those that are gone may have left. */
  function total(podUid: string, expectedProxyUids: readonly string[], nowMs: number): number {
    const expected = new Set(expectedProxyUids);
    let sessions = liveOrphans(orphans.get(podUid), nowMs);
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
      forgetEnded(latest, orphans, nowMs);
      for (const [key, atMs] of inheritedAtMs) if (nowMs - atMs > lateReportMs) inheritedAtMs.delete(key);
      const known = latest.get(proxyUid);
      const { startedAtMs, sequence, endpoints, keyRings, inherited = [] } = report;
      if (inheritedAtMs.has(processKey({ uid: proxyUid, startedAtMs }))) return false;
      if (known !== undefined) {
        if (startedAtMs < known.startedAtMs || (startedAtMs === known.startedAtMs && sequence <= known.sequence)) {
          return false;
        }
        // A new process in the same pod, without the memory of the one before it.
        if (startedAtMs > known.startedAtMs) orphan(orphans, { uid: proxyUid, ...known });
      }
      for (const left of inherited) inherit(left, nowMs);
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
      const doubts = expectedProxyUids.flatMap((uid) => doubtOf(uid, latest.get(uid), { podUid, nowMs }));
      if (doubts.length > 0) return [{ type: 'Proxy', known: false, reason: describe(doubts) }];
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
          reported.reduce((sum, sessions) => sum + sessions, liveOrphans(orphans.get(podUid), nowMs)),
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

const liveOrphans = (list: Orphans[] | undefined, nowMs: number): number =>
  (list ?? []).reduce((sum, { sessions, expiresAtMs }) => sum + (expiresAtMs > nowMs ? sessions : 0), 0);

/** Why this proxy's word cannot be taken; empty where it can. */
function doubtOf(
  uid: string,
  report: Latest | undefined,
  { podUid, nowMs }: { podUid: string; nowMs: number },
): string[] {
  if (report === undefined) return [`proxy pod ${uid} has not reported`];
  if (!isFresh(report, nowMs)) {
    return [`proxy pod ${uid} reported last ${Math.round((nowMs - report.atMs) / 1000)} s ago`];
  }
  const endpoint = report.endpoints.get(podUid);
  if (endpoint === undefined) return [`proxy pod ${uid} does not know this pod`];
  return endpoint.state === 'Draining' ? [] : [`proxy pod ${uid} has not confirmed that this pod drains`];
}

/** Bounded: it goes into logs, events and status. */
function describe(doubts: string[]): string {
  const shown = doubts.slice(0, 3).join('; ');
  return doubts.length > 3 ? `${shown}; and ${doubts.length - 3} more` : shown;
}

function orphan(orphans: Map<string, Orphans[]>, gone: Latest & { uid: string }): void {
  const process = processKey(gone);
  for (const { uid, sessions, expiresAtMs } of gone.endpoints.values()) {
    if (sessions > 0) orphans.set(uid, [...(orphans.get(uid) ?? []), { process, sessions, expiresAtMs }]);
  }
}

/**
 * Keeps memory to what still counts. A stale report says nothing but which sessions may come back; when the last of them
 * has ended it can go: a proxy without a report is as unknown as one with a stale report. (By then a proxy is heard again
 * whose clock was set back, and whose reports looked late.)
 */
function forgetEnded(latest: Map<string, Latest>, orphans: Map<string, Orphans[]>, nowMs: number): void {
  for (const [uid, report] of latest) {
    if (
      !isFresh(report, nowMs) &&
      [...report.endpoints.values()].every((endpoint) => liveSessions(endpoint, nowMs) === 0)
    ) {
      latest.delete(uid);
    }
  }
  for (const [uid, list] of orphans) {
    const live = list.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
    if (live.length > 0) orphans.set(uid, live);
    else orphans.delete(uid);
  }
}
