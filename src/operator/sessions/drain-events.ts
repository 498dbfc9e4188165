/** The end of a drain, told where people look: on the pod, and on its StickyWorkload. */
import { apiVersion, kind } from '../../api/stickyworkload.ts';
import type { DrainSummary } from '../../core/table/messages.ts';
import type { EventSink } from '../../kube/ports.ts';
import type { Logger } from '../../platform/log.ts';
import type { PodRef } from '../discovery/caller.ts';
import type { World } from '../gather/world.ts';

/** A sidecar speaks of its own pod only, so that a pod can tell no tales of another. */
export function createDrainEvents({ world, events, logger }: { world: World; events: EventSink; logger: Logger }) {
  return (pod: PodRef, summary: DrainSummary): void => {
    const { reason, message, ...figures } = summary;
    logger.info({ namespace: pod.namespace, pod: pod.name, uid: pod.uid, reason, ...figures }, 'drain ended');
    const event = { type: reason === 'DrainComplete' ? ('Normal' as const) : ('Warning' as const), reason, action: 'Drain' };
    events.emit({ ...event, regarding: { apiVersion: 'v1', kind: 'Pod', name: pod.name, namespace: pod.namespace, uid: pod.uid }, note: message });
    const name = world.pod(pod)?.workload;
    const workload = name === undefined ? undefined : world.workload({ namespace: pod.namespace, name });
    if (!workload) return;
    const { namespace, uid } = workload.metadata;
    events.emit({ ...event, regarding: { apiVersion, kind, name: workload.metadata.name, namespace, uid }, note: `Pod ${pod.name}: ${message}` });
  };
}
