/** The latest report of each proxy, also by pod: a pod is in the reports of one Gateway's proxies, not of all. */
import type { Report } from '../../wire/messages.ts';
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

  function unlist(podUid: string, proxyUid: string): void {
    const proxies = proxiesOf.get(podUid);
    proxies?.delete(proxyUid);
    if (proxies?.size === 0) proxiesOf.delete(podUid);
  }

  function relist(proxyUid: string, { come, gone }: Pick<Applied, 'come' | 'gone'>): void {
    for (const podUid of gone) unlist(podUid, proxyUid);
    for (const podUid of come) {
      const proxies = proxiesOf.get(podUid);
      if (proxies) proxies.add(proxyUid);
      else proxiesOf.set(podUid, new Set([proxyUid]));
    }
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
      const { endpoints, isNews } = continueFrom(before, report, atMs);
      const changed = new Set(isNews ? before?.endpoints.keys() : []);
      if (endpoints !== before?.endpoints) forget(proxyUid);
      const applied = applyCounts(endpoints, report);
      relist(proxyUid, applied);
      const others = isNews ? endpoints.keys() : applied.others;
      const redrained = differing(before?.draining, report.draining);
      for (const uids of [others, applied.come, applied.gone, redrained]) for (const uid of uids) changed.add(uid);
      byProxy.set(proxyUid, { ...headOf(report, before), atMs, endpoints });
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

/** A new process counts from the beginning. */
function continueFrom(
  before: Latest | undefined,
  { startedAtMs }: Pick<Report, 'startedAtMs'>,
  atMs: number,
): Pick<Latest, 'endpoints'> & { isNews: boolean } {
  if (before?.startedAtMs !== startedAtMs) return { endpoints: new Map(), isNews: true };
  return { endpoints: before.endpoints, isNews: !isFresh(before, atMs) };
}

/** What a report of changes does not repeat is as before. */
function headOf(report: RecordedReport, before: Latest | undefined): Omit<Latest, 'atMs' | 'endpoints'> {
  const { startedAtMs, sequence, draining, since } = report;
  const keyRings = report.keyRings ?? (since === undefined ? undefined : before?.keyRings);
  return { startedAtMs, sequence, draining, keyRings };
}

/** The UIDs of pods whose counts are new, gone, and otherwise other than before. */
type Applied = { come: string[]; gone: string[]; others: string[] };

/** Counts are kept in place: new objects that live for a second are costly to collect, and a report has thousands. */
function applyCounts(endpoints: Map<string, PodCount>, report: RecordedReport): Applied {
  const applied: Applied = { come: [], gone: [], others: [] };
  for (const sent of report.endpoints) {
    const { uid, sessions, expiresAtMs, unconfirmed } = sent;
    const known = endpoints.get(uid);
    if (known === undefined) {
      applied.come.push(uid);
      endpoints.set(uid, { sessions, expiresAtMs, unconfirmed });
      continue;
    }
    if (!countsAlike(known, sent)) applied.others.push(uid);
    known.sessions = sessions;
    known.expiresAtMs = expiresAtMs;
    known.unconfirmed = unconfirmed;
  }
  applied.gone = goneSince(endpoints, report);
  for (const uid of applied.gone) endpoints.delete(uid);
  return applied;
}

/** The pods that a report no longer lists. A complete one lists all others. */
function goneSince(
  endpoints: ReadonlyMap<string, PodCount>,
  { since, gone = [], endpoints: listed }: RecordedReport,
): string[] {
  if (since !== undefined) return gone.filter((uid) => endpoints.has(uid));
  // A report may list a pod twice, so as many entries as pods do not mean that all are listed.
  const present = new Set(listed.map(({ uid }) => uid));
  return [...endpoints.keys()].filter((uid) => !present.has(uid));
}

const none: ReadonlySet<string> = new Set();

const differing = (one: ReadonlySet<string> = none, other: ReadonlySet<string> = none): string[] =>
  one === other ? [] : [...one, ...other].filter((uid) => one.has(uid) !== other.has(uid));
