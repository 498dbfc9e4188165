/** Events of one pod. Repeats of the same are one object that counts. */
import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { events } from '../../../src/kube/resources.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ClusterApi } from '../cluster-api.ts';
import type { PodEvent } from './actions.ts';
import { containersOf } from './pod.ts';
import type { Pod } from './pod.ts';

/** Never throws: an event that cannot be written is logged. */
export type RecordEvent = (container: string, event: PodEvent) => void;

/** The API server refuses a longer one. */
const maxNoteLength = 1024;

export type RecorderWorld = { api: Pick<ClusterApi, 'create' | 'patch'>; clock: Clock; log: Logger; nodeName: string };

export function createRecorder({ api, clock, log, nodeName }: RecorderWorld, pod: Pod): RecordEvent {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const known = new Map<string, { name: string; count: number }>();
  let writes = Promise.resolve();

  const write = async (container: string, event: PodEvent): Promise<void> => {
    const key = JSON.stringify([container, event]);
    const before = known.get(key);
    const nowMicro = new Date(clock.nowMs()).toISOString().replace('Z', '000Z');
    const next = { name: before?.name ?? `${name}.${randomBytes(8).toString('hex')}`, count: (before?.count ?? 0) + 1 };
    known.set(key, next);
    if (before) {
      await api.patch(
        events,
        { namespace, name: next.name },
        { series: { count: next.count, lastObservedTime: nowMicro } },
      );
    } else await api.create(events, build({ metadata: { name: next.name, namespace } }, container, event, nowMicro));
  };

  const build = (
    base: Pick<KubeObject, 'metadata'>,
    container: string,
    { type, reason, note }: PodEvent,
    eventTime: string,
  ): KubeObject => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    ...base,
    eventTime,
    type,
    reason,
    action: reason,
    note: note.slice(0, maxNoteLength),
    reportingController: 'kubelet',
    reportingInstance: nodeName,
    regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid, ...fieldPathOf(pod, container) },
  });

  return (container, event) => {
    writes = writes
      .then(() => write(container, event))
      .catch((error: unknown) => {
        log.warn(
          { pod: `${namespace}/${name}`, reason: event.reason, error: describeError(error) },
          'event cannot be written',
        );
      });
  };
}

function fieldPathOf(pod: Pod, name: string): { fieldPath?: string } {
  const member = containersOf(pod).find(({ container }) => container.name === name);
  return member ? { fieldPath: `spec.${member.role === 'app' ? 'containers' : 'initContainers'}{${name}}` } : {};
}
