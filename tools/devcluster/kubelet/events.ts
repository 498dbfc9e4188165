/** Events about the containers of a pod. */
import type { EventRecorder } from '../events.ts';
import type { PodEvent } from './actions.ts';
import { containersOf } from './pod.ts';
import type { Pod } from './pod.ts';

export type RecordEvent = (container: string, event: PodEvent) => void;

export const recordFor =
  (record: EventRecorder, pod: Pod): RecordEvent =>
  (container, event) => {
    const fieldPath = fieldPathOf(pod, container);
    record(pod, { controller: 'kubelet', action: event.reason, ...event, ...(fieldPath && { fieldPath }) });
  };

function fieldPathOf(pod: Pod, name: string): string | undefined {
  const member = containersOf(pod).find(({ container }) => container.name === name);
  return member && `spec.${member.role === 'app' ? 'containers' : 'initContainers'}{${name}}`;
}
