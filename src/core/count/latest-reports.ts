/** The latest report of each proxy, also by pod: a pod is in the reports of one Gateway's proxies, not of all. */
import type { EndpointReport, Report } from '../../wire/messages.ts';
import { countsAlike } from './session-count.ts';

/** A proxy sends a report each second: five of them may be lost. */
export const reportMaxAgeMs = 5000;

export type Latest = {
  startedAtMs: number;
  sequence: number;
  atMs: number;
  endpoints: Map<string, EndpointReport>;
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

  return {
    get: (proxyUid: string): Latest | undefined => byProxy.get(proxyUid),
    all: (): Iterable<[string, Latest]> => byProxy,
    /** Replaces the report of a proxy by a complete one. Returns the pods about which it says something new. */
    set(proxyUid: string, report: RecordedReport, atMs: number): Set<string> {
      const before = byProxy.get(proxyUid);
      const next = toLatest(report, atMs);
      for (const podUid of before?.endpoints.keys() ?? []) if (!next.endpoints.has(podUid)) unlist(podUid, proxyUid);
      for (const podUid of next.endpoints.keys()) list(podUid, proxyUid);
      byProxy.set(proxyUid, next);
      return changedPods(before, next);
    },
    /** Adds what has changed since the report that the proxy sent before, which is changed in place: it may list thousands of pods. Returns as `set`. */
    update(proxyUid: string, known: Latest, { report, atMs }: { report: RecordedReport; atMs: number }): Set<string> {
      const { endpoints } = known;
      const changed = new Set(isFresh(known, atMs) ? [] : endpoints.keys());
      for (const uid of report.gone ?? []) {
        if (!endpoints.delete(uid)) continue;
        changed.add(uid);
        unlist(uid, proxyUid);
      }
      for (const endpoint of report.endpoints) {
        const { uid } = endpoint;
        if (!countsAlike(endpoints.get(uid), endpoint)) changed.add(uid);
        endpoints.set(uid, endpoint);
        list(uid, proxyUid);
      }
      for (const uid of differing(known.draining, report.draining)) changed.add(uid);
      const { sequence, draining, keyRings = known.keyRings } = report;
      Object.assign(known, { sequence, atMs, draining, keyRings });
      return changed;
    },
    delete(proxyUid: string): void {
      for (const podUid of byProxy.get(proxyUid)?.endpoints.keys() ?? []) unlist(podUid, proxyUid);
      byProxy.delete(proxyUid);
    },
    /** Returns the reports that list a pod, by the UID of the proxy. */
    ofPod: (podUid: string): [string, Latest][] =>
      [...(proxiesOf.get(podUid) ?? [])].flatMap((uid) => {
        const report = byProxy.get(uid);
        return report ? [[uid, report]] : [];
      }),
  };
}

const toLatest = ({ startedAtMs, sequence, endpoints, draining, keyRings }: RecordedReport, atMs: number): Latest => ({
  startedAtMs,
  sequence,
  atMs,
  endpoints: new Map(endpoints.map((endpoint) => [endpoint.uid, endpoint])),
  draining,
  keyRings,
});

/**
 * Returns the pods about which a report says something new: all of them, if the report before is of another process, or so old that
 * the counts were unknown meanwhile.
 */
function changedPods(before: Latest | undefined, { startedAtMs, atMs, endpoints, draining }: Latest): Set<string> {
  const isContinued = before?.startedAtMs === startedAtMs && isFresh(before, atMs);
  const changed = new Set([...(before?.endpoints.keys() ?? [])].filter((uid) => !endpoints.has(uid)));
  for (const [uid, endpoint] of endpoints) {
    if (!isContinued || !countsAlike(before.endpoints.get(uid), endpoint)) changed.add(uid);
  }
  for (const uid of differing(before?.draining, draining)) changed.add(uid);
  return changed;
}

const none: ReadonlySet<string> = new Set();

const differing = (one: ReadonlySet<string> = none, other: ReadonlySet<string> = none): string[] =>
  one === other ? [] : [...one, ...other].filter((uid) => one.has(uid) !== other.has(uid));
