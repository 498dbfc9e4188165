/** The latest report of each proxy, also by pod: a pod is in the reports of one Gateway's proxies, not of all. */
import type { EndpointReport, Report } from '../../wire/messages.ts';
import { countsAlike, type PodCount } from './session-count.ts';

/** A proxy sends a report each second: five of them may be lost. */
export const reportMaxAgeMs = 5000;

export type Latest = {
  startedAtMs: number;
  sequence: number;
  atMs: number;
  /** By UID of the pod. */
  endpoints: Map<string, PodCount>;
  /** UIDs of pods to which the proxy sent no new session when it counted. */
  draining: ReadonlySet<string> | undefined;
  keyRings: Report['keyRings'];
};

export const isFresh = ({ atMs }: Latest, nowMs: number): boolean => nowMs - atMs <= reportMaxAgeMs;

/** A report without what the ledger does not keep. `draining`: the pods to which the proxy sent no new session when it counted (UIDs); undefined: it is not known. */
export type RecordedReport = Omit<Report, 'ended' | 'seen' | 'acknowledged'> & {
  draining: ReadonlySet<string> | undefined;
};

export function createLatestReports() {
  const byProxy = new Map<string, Latest>();
  const proxiesOf = new Map<string, Set<string>>();

  function list(podUid: string, proxyUid: string): void {
    const proxies = proxiesOf.get(podUid);
    if (proxies) proxies.add(proxyUid);
    else proxiesOf.set(podUid, new Set([proxyUid]));
  }

  function unlist(podUid: string, proxyUid: string): void {
    const proxies = proxiesOf.get(podUid);
    proxies?.delete(proxyUid);
    if (proxies?.size === 0) proxiesOf.delete(podUid);
  }

  function forget(proxyUid: string): void {
    for (const podUid of byProxy.get(proxyUid)?.endpoints.keys() ?? []) unlist(podUid, proxyUid);
    byProxy.delete(proxyUid);
  }

  return {
    get: (proxyUid: string): Latest | undefined => byProxy.get(proxyUid),
    all: (): Iterable<[string, Latest]> => byProxy,
    /**
     * Keeps what a report says, as changes of the one that the proxy sent before: it may list thousands of pods. Returns the pods about which it
     * says something new: all of them, if the report before is of another process, or so old that the counts were unknown meanwhile.
     */
    take(proxyUid: string, report: RecordedReport, atMs: number): Set<string> {
      const before = byProxy.get(proxyUid);
      const isContinued = before?.startedAtMs === report.startedAtMs;
      const isNews = !isContinued || !isFresh(before, atMs);
      const changed = new Set(isNews ? before?.endpoints.keys() : []);
      for (const uid of differing(before?.draining, report.draining)) changed.add(uid);
      if (!isContinued) forget(proxyUid);
      const endpoints = isContinued ? before.endpoints : new Map<string, PodCount>();
      for (const endpoint of report.endpoints) {
        const { uid } = endpoint;
        const known = endpoints.get(uid);
        if (isNews || !countsAlike(known, endpoint)) changed.add(uid);
        if (known === undefined) list(uid, proxyUid);
        endpoints.set(uid, renewed(known, endpoint));
      }
      for (const uid of goneSince(endpoints, report)) {
        endpoints.delete(uid);
        unlist(uid, proxyUid);
        changed.add(uid);
      }
      const {
        startedAtMs,
        sequence,
        draining,
        since,
        keyRings = since === undefined ? undefined : before?.keyRings,
      } = report;
      byProxy.set(proxyUid, { startedAtMs, sequence, atMs, endpoints, draining, keyRings });
      return changed;
    },
    delete: forget,
    /** Returns the reports that list a pod, by the UID of the proxy. */
    ofPod: (podUid: string): [string, Latest][] =>
      [...(proxiesOf.get(podUid) ?? [])].flatMap((uid) => {
        const report = byProxy.get(uid);
        return report ? [[uid, report]] : [];
      }),
  };
}

/** Counts are kept in place: new objects that live for a second are costly to collect, and a report has thousands. */
function renewed(known: PodCount | undefined, { sessions, expiresAtMs, unconfirmed }: EndpointReport): PodCount {
  if (known === undefined) return { sessions, expiresAtMs, unconfirmed };
  known.sessions = sessions;
  known.expiresAtMs = expiresAtMs;
  known.unconfirmed = unconfirmed;
  return known;
}

/** The pods that a report no longer lists. A complete one lists all others. */
function goneSince(
  endpoints: ReadonlyMap<string, PodCount>,
  { since, gone = [], endpoints: listed }: RecordedReport,
): string[] {
  if (since !== undefined) return gone.filter((uid) => endpoints.has(uid));
  if (endpoints.size === listed.length) return [];
  const present = new Set(listed.map(({ uid }) => uid));
  return [...endpoints.keys()].filter((uid) => !present.has(uid));
}

const none: ReadonlySet<string> = new Set();

const differing = (one: ReadonlySet<string> = none, other: ReadonlySet<string> = none): string[] =>
  one === other ? [] : [...one, ...other].filter((uid) => one.has(uid) !== other.has(uid));
