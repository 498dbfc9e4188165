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

export function createLatestReports() {
  const byProxy = new Map<string, Latest>();
  const proxiesOf = new Map<string, Set<string>>();

  function unlist(podUid: string, proxyUid: string): void {
    const proxies = proxiesOf.get(podUid);
    proxies?.delete(proxyUid);
    if (proxies?.size === 0) proxiesOf.delete(podUid);
  }

  return {
    get: (proxyUid: string): Latest | undefined => byProxy.get(proxyUid),
    all: (): Iterable<[string, Latest]> => byProxy,
    set(proxyUid: string, next: Latest): void {
      for (const podUid of byProxy.get(proxyUid)?.endpoints.keys() ?? []) {
        if (!next.endpoints.has(podUid)) unlist(podUid, proxyUid);
      }
      byProxy.set(proxyUid, next);
      for (const podUid of next.endpoints.keys()) {
        const known = proxiesOf.get(podUid);
        if (known) known.add(proxyUid);
        else proxiesOf.set(podUid, new Set([proxyUid]));
      }
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

/**
 * Returns the pods about which a report says something new: all of them, if the report before is of another process, or so old that
 * the counts were unknown meanwhile.
 */
export function changedPods(before: Latest | undefined, next: Latest): Set<string> {
  const { startedAtMs, atMs, endpoints, draining = none } = next;
  const isContinued = before?.startedAtMs === startedAtMs && isFresh(before, atMs);
  const changed = new Set([...(before?.endpoints.keys() ?? [])].filter((uid) => !endpoints.has(uid)));
  for (const [uid, endpoint] of endpoints) {
    if (!isContinued || !countsAlike(before.endpoints.get(uid), endpoint)) changed.add(uid);
  }
  for (const uid of differing(before?.draining ?? none, draining)) changed.add(uid);
  return changed;
}

const none: ReadonlySet<string> = new Set();

const differing = (one: ReadonlySet<string>, other: ReadonlySet<string>): string[] =>
  one === other ? [] : [...one, ...other].filter((uid) => one.has(uid) !== other.has(uid));
