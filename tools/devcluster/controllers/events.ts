/** Events of events.k8s.io/v1, for `kubectl describe` and `kubectl events`. */
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { events } from '../../../src/kube/resources.ts';
import type { ClusterApi } from '../cluster-api.ts';

export type ControllerEvent = {
  controller: string;
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
};

/** Never throws and never waits: an event that cannot be written is logged. A repeat says nothing new and is left out for a while. */
export type EventRecorder = (regarding: KubeObject, event: ControllerEvent) => void;

const repeatAfterMs = 600_000;
const rememberedEvents = 1000;

export function createEventRecorder({
  api,
  clock,
  logger,
}: {
  api: ClusterApi;
  clock: Clock;
  logger: Logger;
}): EventRecorder {
  const told = new Map<string, number>();
  let count = 0;

  /** Whatever fails for long would otherwise fill the store with the same sentence. */
  function isRepeat({ metadata }: KubeObject, { reason, note }: ControllerEvent): boolean {
    const key = `${metadata.uid ?? ''} ${reason} ${note}`;
    const last = told.get(key);
    if (last !== undefined && clock.nowMs() - last < repeatAfterMs) return true;
    if (told.size >= rememberedEvents) told.clear();
    told.set(key, clock.nowMs());
    return false;
  }

  return (regarding, event) => {
    if (isRepeat(regarding, event)) return;
    count += 1;
    // As client-go names them: the object, and a number that differs between events of the same object.
    const suffix = (clock.nowMs() * 4096 + (count % 4096)).toString(16);
    api.create(events, buildEvent(regarding, event, { nowMs: clock.nowMs(), suffix })).catch((error: unknown) => {
      logger.warn({ reason: event.reason, error: describeError(error) }, 'event not written');
    });
  };
}

function buildEvent(
  regarding: KubeObject,
  event: ControllerEvent,
  { nowMs, suffix }: { nowMs: number; suffix: string },
): KubeObject {
  const { name, uid, resourceVersion } = regarding.metadata;
  const { type, reason, action, note, controller } = event;
  const namespace = regarding.metadata.namespace ?? 'default';
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name}.${suffix}`, namespace },
    eventTime: new Date(nowMs).toISOString().replace('Z', '000Z'),
    regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, name, namespace, uid, resourceVersion },
    reportingController: controller,
    reportingInstance: `${controller}-devcluster`,
    type,
    reason,
    action,
    note,
  };
}
