/** Writes events of events.k8s.io/v1, for `kubectl describe` and `kubectl events`. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../src/platform/clock.ts';
import { describeError } from '../../src/platform/errors.ts';
import type { Logger } from '../../src/platform/log.ts';
import type { KubeObject } from '../../src/kube/ports.ts';
import { events } from '../../src/kube/resources.ts';
import type { ClusterApi } from './cluster-api.ts';

export type ComponentEvent = {
  controller: string;
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
  /** The part of the object that the event is about. */
  fieldPath?: string;
};

/** Never throws and never waits: an event that cannot be written is logged. A repeat is dropped for ten minutes. */
export type EventRecorder = (regarding: KubeObject, event: ComponentEvent) => void;

export type RecorderTools = { api: Pick<ClusterApi, 'create'>; clock: Clock; logger: Logger };

const repeatAfterMs = 600_000;
const rememberedEvents = 1000;
/** The API server rejects a longer one. */
const maxNoteLength = 1024;

export function createEventRecorder({ api, clock, logger }: RecorderTools): EventRecorder {
  const recordedAtMs = new Map<string, number>();

  /** A failure that lasts would otherwise fill the store with the same event. */
  function isRepeat({ metadata }: KubeObject, event: ComponentEvent): boolean {
    const key = JSON.stringify([metadata.uid, event]);
    const last = recordedAtMs.get(key);
    if (last !== undefined && clock.nowMs() - last < repeatAfterMs) return true;
    if (recordedAtMs.size >= rememberedEvents) recordedAtMs.clear();
    recordedAtMs.set(key, clock.nowMs());
    return false;
  }

  return (regarding, event) => {
    if (isRepeat(regarding, event)) return;
    api.create(events, buildEvent(regarding, event, clock.nowMs())).catch((error: unknown) => {
      logger.warn({ reason: event.reason, error: describeError(error) }, 'event not written');
    });
  };
}

function buildEvent(regarding: KubeObject, event: ComponentEvent, nowMs: number): KubeObject {
  const { name, namespace = 'default', uid, resourceVersion } = regarding.metadata;
  const { type, reason, action, note, controller, fieldPath } = event;
  const { apiVersion, kind } = regarding;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace },
    eventTime: new Date(nowMs).toISOString().replace('Z', '000Z'),
    regarding: { apiVersion, kind, name, namespace, uid, resourceVersion, ...(fieldPath && { fieldPath }) },
    reportingController: controller,
    reportingInstance: `${controller}-devcluster`,
    type,
    reason,
    action,
    note: note.slice(0, maxNoteLength),
  };
}
