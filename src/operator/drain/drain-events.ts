/** Reports the progress and the end of drains: events on the pod and on its StickyWorkload, log lines and metrics. */
import { metrics } from '../../api/metrics.ts';
import type { Reason } from '../../api/reasons.ts';
import { apiVersion, kind } from '../../api/stickyworkload.ts';
import { sessionsWait } from '../../core/status/broken-drains.ts';
import type { DrainSummary } from '../../wire/messages.ts';
import type { EventSink } from '../../kube/ports.ts';
import type { Logger } from '../../platform/log.ts';
import { createHistogram, type HistogramHandle } from '../../platform/metrics.ts';
import { count, type OperatorCounters } from '../counters.ts';
import type { PodRef } from '../discovery/caller.ts';
import type { ClusterState } from '../gather/cluster-state.ts';

export type DrainEventPorts = {
  clusterState: Pick<ClusterState, 'workload' | 'hasSuccessor'>;
  events: EventSink;
  counters: Pick<OperatorCounters, 'drains' | 'sessionsCut'>;
  logger: Logger;
};

export type DrainNote = { type: 'Normal' | 'Warning'; reason: Reason; message: string };

/** Emits events on the pod and on its StickyWorkload, whose name the pod carries from injection. Either may be deleted already. */
export function emitDrainEvents(
  pod: PodRef & { workload?: string },
  { message, ...note }: DrainNote,
  { clusterState, events }: { clusterState: Pick<ClusterState, 'workload'>; events: EventSink },
): void {
  const { namespace, name, uid, workload: of } = pod;
  const event = { ...note, action: 'Drain' };
  events.emit({ ...event, regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid }, note: message });
  const workload = of === undefined ? undefined : clusterState.workload({ namespace, name: of });
  if (!workload) return;
  const { metadata } = workload;
  events.emit({
    ...event,
    regarding: { apiVersion, kind, name: metadata.name, namespace, uid: metadata.uid },
    note: `Pod ${name}: ${message}`,
  });
}

export type DrainEnd = { reason: Reason; sessionsCut?: number };

/** Counts a completed drain. An unknown `sessionsCut` is absent and adds nothing. */
export function countDrain(
  { namespace, workload }: { namespace: string; workload: string },
  { reason, sessionsCut = 0 }: DrainEnd,
  counters: DrainEventPorts['counters'],
): void {
  const key = `${namespace}/${workload}/${reason}`;
  count(counters.drains, key);
  count(counters.sessionsCut, key, sessionsCut);
}

const maxRemembered = 10_000;

/** A sidecar reports its own pod only; the caller's token identifies the pod. */
export function createDrainEvents(
  tools: DrainEventPorts & { clusterState: Pick<ClusterState, 'pod'>; durations: HistogramHandle },
) {
  /** By UID, the newest last: a sidecar that did not receive the response reports again. */
  const reported = new Set<string>();
  return (ref: PodRef, reportedEnd: DrainSummary): void => {
    const { namespace, name, uid } = ref;
    if (!remember(reported, uid)) return;
    const workload = tools.clusterState.pod(ref)?.workload;
    const claim = workload === undefined ? undefined : tools.clusterState.workload({ namespace, name: workload });
    const summary = claim && tools.clusterState.hasSuccessor(ref, claim) ? keepSessions(reportedEnd) : reportedEnd;
    const { reason, message, ...figures } = summary;
    tools.logger.info({ namespace, pod: name, uid, reason, ...figures, detail: message }, 'drain ended');
    const pod = { ...ref, ...(workload !== undefined && { workload }) };
    emitDrainEvents(pod, { type: reason === 'DrainComplete' ? 'Normal' : 'Warning', reason, message }, tools);
    // The pod was force-deleted during its drain: the drain watch has counted it already, see `drain-watch.ts`.
    if (workload === undefined) return;
    countDrain({ namespace, workload }, summary, tools.counters);
    tools.durations.observe({ reason }, summary.tookMs / 1000);
  };
}

/** A sidecar does not know whether its pod has a successor. */
function keepSessions({ sessionsCut, ...summary }: DrainSummary): DrainSummary {
  return sessionsCut === 0
    ? { ...summary, sessionsCut }
    : { ...summary, message: `${summary.message}. ${sessionsWait}` };
}

/** Returns false if the UID was present already. */
function remember(reported: Set<string>, uid: string): boolean {
  if (reported.has(uid)) return false;
  reported.add(uid);
  const oldest = reported.values().next();
  if (reported.size > maxRemembered && oldest.done === false) reported.delete(oldest.value);
  return true;
}

const minute = 60;
const hour = 60 * minute;
// From a pod without sessions (the quiet period) to the longest drain timeout, seven days.
const drainBuckets = [
  5,
  15,
  minute,
  5 * minute,
  15 * minute,
  hour,
  4 * hour,
  12 * hour,
  24 * hour,
  72 * hour,
  168 * hour,
];

const drainDuration = 'holdfast_drain_duration_seconds';

/** The duration of drains, observed once for each completed drain. */
export const createDrainDurations = (): HistogramHandle =>
  createHistogram({ name: drainDuration, ...metrics[drainDuration], buckets: drainBuckets });
