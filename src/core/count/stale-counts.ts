/** The last counts of proxy processes that were replaced: their clients may return through another proxy. */
import type { ProxyProcess } from '../../wire/messages.ts';
import type { Latest } from './latest-reports.ts';
import { addCounts, endOf, isLive, liveSessions, none, type PodCount, type SessionCount } from './session-count.ts';

type StaleCount = { process: string; endpoint: PodCount };

/** A container that restarts this often in an idle timeout waits for minutes between two starts; only a false report can have more. */
const maxStaleProcesses = 16;

export const processKey = ({ uid, startedAtMs }: ProxyProcess): string => `${uid}@${startedAtMs}`;

export function createStaleCounts() {
  const byPod = new Map<string, StaleCount[]>();
  /** Before this time none of them ends. */
  let nextEndMs = Number.POSITIVE_INFINITY;

  /** Keeps the counts that `isKept` selects, and adds the pods of the others to `changed`. */
  function retain(isKept: (stale: StaleCount) => boolean, changed: Set<string>): void {
    for (const [uid, list] of byPod) {
      const kept = list.filter(isKept);
      if (kept.length < list.length) changed.add(uid);
      if (kept.length > 0) byPod.set(uid, kept);
      else byPod.delete(uid);
    }
  }

  return {
    keep(replaced: Latest & { uid: string }): void {
      const process = processKey(replaced);
      for (const [uid, endpoint] of replaced.endpoints) {
        if (endpoint.sessions === 0) continue;
        const list = byPod.get(uid) ?? [];
        const own = list.filter(({ process: key }) => key.startsWith(`${replaced.uid}@`));
        const oldest = own.length >= maxStaleProcesses ? own[0] : undefined;
        byPod.set(uid, [...list.filter((stale) => stale !== oldest), { process, endpoint }]);
        nextEndMs = Math.min(nextEndMs, endOf(endpoint));
      }
    },
    dropProcess(process: string, changed: Set<string>): void {
      retain((stale) => stale.process !== process, changed);
    },
    /** Called for each report: there may be thousands after the restart of a proxy. */
    dropEnded(changed: Set<string>, nowMs: number): void {
      if (nowMs < nextEndMs) return;
      retain(({ endpoint }) => isLive(endpoint, nowMs), changed);
      const ends = [...byPod.values()].flat().map(({ endpoint }) => endOf(endpoint));
      nextEndMs = ends.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
    },
    pods: (): Iterable<string> => byPod.keys(),
    liveSessions: (podUid: string, nowMs: number): SessionCount =>
      (byPod.get(podUid) ?? []).map(({ endpoint }) => liveSessions(endpoint, nowMs)).reduce(addCounts, none),
  };
}
