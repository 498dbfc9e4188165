/** Cells of pods, as kubectl prints them. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import { formatAge } from './column.ts';

const isSidecar = (container: JsonObject): boolean => container['restartPolicy'] === 'Always';

/** The statuses of containers and native sidecars. */
function statusesOf(pod: KubeObject): JsonObject[] {
  const sidecars = new Set(
    objectsAt(pod, 'spec', 'initContainers')
      .filter(isSidecar)
      .map(({ name }) => name),
  );
  const ofSidecars = objectsAt(pod, 'status', 'initContainerStatuses').filter(({ name }) => sidecars.has(name));
  return [...ofSidecars, ...objectsAt(pod, 'status', 'containerStatuses')];
}

export function readyCount(pod: KubeObject): string {
  const sidecars = objectsAt(pod, 'spec', 'initContainers').filter(isSidecar);
  const total = objectsAt(pod, 'spec', 'containers').length + sidecars.length;
  return `${statusesOf(pod).filter(({ ready }) => ready === true).length}/${total}`;
}

export function restarts(pod: KubeObject, nowMs: number): string {
  const all = statusesOf(pod);
  const count = all.reduce((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  const ends = all.map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt'));
  const last = ends.toSorted().at(-1) ?? '';
  return count === 0 || last === '' ? String(count) : `${count} (${formatAge(last, nowMs)} ago)`;
}

const reasonOf = (status: JsonObject): string =>
  textAt(status, 'state', 'waiting', 'reason') || textAt(status, 'state', 'terminated', 'reason');

/** Returns the reason of an init container that has not completed. */
function initReason(pod: KubeObject): string | undefined {
  const specs = objectsAt(pod, 'spec', 'initContainers');
  const statuses = objectsAt(pod, 'status', 'initContainerStatuses');
  for (const [index, status] of statuses.entries()) {
    const isStarted =
      status['started'] === true && specs.some((spec) => spec['name'] === status['name'] && isSidecar(spec));
    if (isStarted || numberAt(status, 'state', 'terminated', 'exitCode') === 0) continue;
    const reason = reasonOf(status);
    return reason === '' || reason === 'PodInitializing' ? `Init:${index}/${specs.length}` : `Init:${reason}`;
  }
  return undefined;
}

/** The last container with a reason decides, as in kubectl. */
function containerReason(pod: KubeObject): string | undefined {
  const statuses = objectsAt(pod, 'status', 'containerStatuses');
  const reason = statuses.map(reasonOf).find((one) => one !== '');
  const isRunning = statuses.some(
    (status) => status['ready'] === true && valueAt(objectAt(status, 'state'), 'running') !== undefined,
  );
  return reason === 'Completed' && isRunning ? 'Running' : reason;
}

export const podStatus = (pod: KubeObject): string =>
  pod.metadata.deletionTimestamp === undefined
    ? (initReason(pod) ?? containerReason(pod) ?? textAt(pod, 'status', 'phase'))
    : 'Terminating';
