/**
 * Follows injected pods from the start of their termination to their removal. It reports a drain that takes long (once, at half of its
 * timeout) and a drain that was interrupted (once, see core/status/broken-drains). The end of a regular drain is reported by the sidecar,
 * see `drain-events.ts`.
 *
 * Every replica follows the pods, so that a new leader knows what the previous one knew; only the leader emits events.
 */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { drainLimits } from '../../core/resolve/plan.ts';
import { isPodTerminal, type Pod, type PodDeletion } from '../../core/snapshot/snapshot.ts';
import {
  judgeEnd,
  judgeExit,
  judgeSidecar,
  type BrokenDrain,
  type DrainFacts,
} from '../../core/status/broken-drains.ts';
import { drainDeadlineMs } from '../../core/status/endpoints.ts';
import { formatDuration } from '../../api/duration.ts';
import type { DrainLimits } from '../../core/drain/state.ts';
import { formatTime } from '../../core/names/format.ts';
import { sidecarContainer } from '../../core/names/names.ts';
import type { SessionCount } from '../../core/count/session-count.ts';
import type { SessionSource } from '../../wire/messages.ts';
import type { Clock } from '../../platform/clock.ts';
import type { PodRef } from '../discovery/caller.ts';
import type { Caches } from '../gather/caches.ts';
import { onPodChange, type PodChange } from '../gather/caches.ts';
import type { CachedPod } from '../gather/pods.ts';
import type { TranslationStore } from '../translation/translation-store.ts';
import { hasAppExited } from './app-exit.ts';
import { forgetCountsOfDeleted } from './forget-counts.ts';
import { watchUnreleased } from './unreleased.ts';
import { countDrain, emitDrainEvents, type DrainEventPorts } from './drain-events.ts';

export type DrainWatchOptions = DrainEventPorts & {
  caches: Pick<Caches, 'onChange'>;
  translations: Pick<TranslationStore, 'latest'>;
  /** By pod UID, over all proxies; absent: unknown. */
  countsOf: (podUids: string[], nowMs: number) => ReadonlyMap<string, SessionCount>;
  sources: (pod: PodRef, nowMs: number) => SessionSource[];
  isLeader: () => boolean;
  clock: Clock;
};

export interface DrainWatch {
  /** The sidecar of the pod reported the end of its drain to this replica. Returns whether the drain is reported as interrupted. */
  settle(pod: PodRef): 'Regular' | 'Broken';
  stop(): void;
}

type InjectedPod = CachedPod & { workload: string };

const isInjected = (cached: CachedPod): cached is InjectedPod => cached.workload !== undefined;

/** `isSettled`: the end of the drain is reported already. `isBroken`: as interrupted, on every replica. */
type Followed = { deletion?: PodDeletion; isSettled: boolean; isBroken: boolean; cancelHeld: () => void };

const nothing = (): void => undefined;

export function createDrainWatch(options: DrainWatchOptions): DrainWatch {
  const { clock, clusterState } = options;
  /** By UID: every terminating pod, and pods that have terminated but are not deleted yet. */
  const followed = new Map<string, Followed>();

  function follow(uid: string): Followed {
    const known = followed.get(uid) ?? { isSettled: false, isBroken: false, cancelHeld: nothing };
    followed.set(uid, known);
    return known;
  }

  function onChange({ pod: cached, before, isGone }: PodChange): void {
    if (!isInjected(cached)) return;
    const workload = clusterState.workload({ namespace: cached.pod.namespace, name: cached.workload });
    if (isGone || isPodTerminal(cached.pod)) end(cached, workload);
    else if (cached.pod.deletion) progress(cached, before?.pod, workload);
    if (isGone) followed.delete(cached.pod.uid);
  }

  function progress(cached: InjectedPod, before: Pod | undefined, workload: StickyWorkload | undefined): void {
    const entry = follow(cached.pod.uid);
    const { deletion } = cached.pod;
    if (deletion && deletion.graceSeconds > 0 && deletion.killAtMs !== entry.deletion?.killAtMs) {
      entry.deletion = deletion;
      if (workload) {
        const limits = drainLimits(workload.spec.drain);
        scheduleHeld(cached, entry, drainDeadlineMs(cached.pod, deletion, limits));
        const { sessionSources = workload.spec.drain.sessionSources } = cached.pod.sidecar ?? {};
        // Other sources are counted in the pod; here they are unknown.
        if (sessionSources.every((source) => source === 'Proxy')) scheduleUnreleased(cached, entry, limits);
      }
    }
    if (!workload) return;
    report(cached, judgeSidecar(before, factsOf(cached, workload)));
    const translated = options.translations.latest();
    const hasExited = translated !== undefined && hasAppExited(cached.pod, workload, translated);
    if (hasExited) report(cached, judgeExit(factsOf(cached, workload)));
  }

  function end(cached: InjectedPod, workload: StickyWorkload | undefined): void {
    const entry = follow(cached.pod.uid);
    entry.cancelHeld();
    // Without its StickyWorkload the drain timeout is unknown.
    if (workload) report(cached, judgeEnd(factsOf(cached, workload)));
    entry.isSettled = true;
  }

  function factsOf({ pod }: CachedPod, workload: StickyWorkload): DrainFacts {
    const { spec } = workload;
    const nowMs = clock.nowMs();
    const count = options.countsOf([pod.uid], nowMs).get(pod.uid);
    return {
      pod,
      deletion: followed.get(pod.uid)?.deletion,
      limits: drainLimits(spec.drain),
      // The sidecar has the settings of its injection.
      sessionThreshold: pod.sidecar?.sessionThreshold ?? spec.drain.sessionThreshold,
      proxiesCount: (pod.sidecar?.sessionSources ?? spec.drain.sessionSources).includes('Proxy'),
      sessions: count && count.confirmed + count.unconfirmed,
      hasSuccessor: clusterState.hasSuccessor(pod, workload),
      nowMs,
    };
  }

  function report(cached: InjectedPod, broken: BrokenDrain | undefined): void {
    const entry = follow(cached.pod.uid);
    if (!broken || entry.isSettled) return;
    entry.isSettled = true;
    entry.isBroken = true;
    entry.cancelHeld();
    if (!options.isLeader()) return;
    const pod = refOf(cached);
    options.logger.warn(
      {
        namespace: pod.namespace,
        pod: pod.name,
        uid: pod.uid,
        reason: broken.reason,
        sessionsCut: broken.sessionsCut,
        detail: broken.message,
      },
      'drain interrupted',
    );
    emitDrainEvents(pod, { type: 'Warning', reason: broken.reason, message: broken.message }, options);
    countDrain(pod, broken, options.counters);
  }

  function scheduleHeld(cached: InjectedPod, entry: Followed, deadlineMs: number): void {
    entry.cancelHeld();
    const leftMs = deadlineMs - clock.nowMs();
    if (leftMs <= 0) return;
    entry.cancelHeld = clock.after(leftMs / 2, () => {
      reportHeld(cached, deadlineMs);
    });
  }

  function scheduleUnreleased(cached: InjectedPod, entry: Followed, limits: DrainLimits): void {
    const cancelHeld = entry.cancelHeld;
    const pod = refOf(cached);
    const cancel = watchUnreleased({
      limits,
      sources: (nowMs) => options.sources(pod, nowMs),
      clock,
      onUnreleased: (zeroMs) => {
        if (!options.isLeader()) return;
        const message =
          `No proxy has counted a session of the pod for ${formatDuration(zeroMs)}, and it has not terminated: its sidecar cannot reach the operator, ` +
          `or its app takes long to exit. See kubectl logs ${pod.name} -n ${pod.namespace} -c ${sidecarContainer}.`;
        emitDrainEvents(pod, { type: 'Warning', reason: 'DrainNotReleased', message }, options);
      },
    });
    entry.cancelHeld = () => {
      cancelHeld();
      cancel();
    };
  }

  function reportHeld(cached: InjectedPod, deadlineMs: number): void {
    const pod = refOf(cached);
    const holders = describeHolders(options.sources(pod, clock.nowMs()));
    if (holders === undefined || !options.isLeader()) return;
    const message =
      `Half of the drain timeout has elapsed; ${holders}. The pod terminates when its sessions have ended, at ` +
      `${formatTime(deadlineMs)} at the latest; a forced deletion would cut them.`;
    emitDrainEvents(pod, { type: 'Normal', reason: 'DrainHeld', message }, options);
  }

  const unwatch = onPodChange(options.caches, onChange);
  const stopForgetting = forgetCountsOfDeleted(options);

  return {
    settle: ({ uid }) => {
      const entry = followed.get(uid);
      if (!entry) return 'Regular';
      entry.isSettled = true;
      entry.cancelHeld();
      return entry.isBroken ? 'Broken' : 'Regular';
    },
    stop: () => {
      unwatch();
      stopForgetting();
      for (const { cancelHeld } of followed.values()) cancelHeld();
    },
  };
}

const refOf = ({ pod: { namespace, name, uid }, workload }: InjectedPod): PodRef & { workload: string } => ({
  namespace,
  name,
  uid,
  workload,
});

/** Returns undefined if the proxies count no session. */
function describeHolders(sources: readonly SessionSource[]): string | undefined {
  const parts = sources.flatMap((source) => {
    if (!source.known) return [`its sessions cannot be counted (${source.reason})`];
    if (source.sessions === 0) return [];
    return [source.sessions === 1 ? '1 session remains' : `${source.sessions} sessions remain`];
  });
  return parts.length > 0 ? parts.join('; ') : undefined;
}
