/** The columns of pods. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import { ageColumn, type Column, column, formatAge, nameColumn, wide } from './column.ts';

const containersOf = (pod: KubeObject): JsonObject[] => objectsAt(pod, 'status', 'containerStatuses');
const isSidecar = (container: JsonObject): boolean => container['restartPolicy'] === 'Always';

/** Statuses of native sidecars count as statuses of containers. */
function sidecarsOf(pod: KubeObject): JsonObject[] {
  const names = new Set(
    objectsAt(pod, 'spec', 'initContainers')
      .filter(isSidecar)
      .map((container) => textAt(container, 'name')),
  );
  return objectsAt(pod, 'status', 'initContainerStatuses').filter((status) => names.has(textAt(status, 'name')));
}

function readyCount(pod: KubeObject): string {
  const all = [...sidecarsOf(pod), ...containersOf(pod)];
  const total =
    objectsAt(pod, 'spec', 'containers').length + objectsAt(pod, 'spec', 'initContainers').filter(isSidecar).length;
  return `${all.filter((status) => status['ready'] === true).length}/${total}`;
}

function restarts(pod: KubeObject, nowMs: number): string {
  const all = [...sidecarsOf(pod), ...containersOf(pod)];
  const count = all.reduce((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  const last =
    all
      .map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt'))
      .toSorted()
      .at(-1) ?? '';
  return count === 0 || last === '' ? String(count) : `${count} (${formatAge(last, nowMs)} ago)`;
}

function endReason(terminated: JsonObject): string {
  const signal = numberAt(terminated, 'signal') ?? 0;
  return (
    textAt(terminated, 'reason') ||
    (signal > 0 ? `Signal:${signal}` : `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}`)
  );
}

/** The pod's reason while an init container has not finished. */
function initReason(pod: KubeObject): string | undefined {
  const specs = objectsAt(pod, 'spec', 'initContainers');
  const statuses = objectsAt(pod, 'status', 'initContainerStatuses');
  for (const [index, status] of statuses.entries()) {
    const isNative = specs.some((spec) => spec['name'] === status['name'] && isSidecar(spec));
    if (numberAt(status, 'state', 'terminated', 'exitCode') === 0 || (isNative && status['started'] === true)) continue;
    if (valueAt(status, 'state', 'terminated') !== undefined) {
      return `Init:${endReason(objectAt(status, 'state', 'terminated'))}`;
    }
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${specs.length}`;
  }
  return undefined;
}

/** The last container with a reason determines that of the pod, as in kubectl. */
function containerReason(pod: KubeObject): string | undefined {
  let hasRunning = false;
  let reason: string | undefined;
  for (const status of containersOf(pod).toReversed()) {
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    if (waiting !== '') reason = waiting;
    else if (valueAt(status, 'state', 'terminated') !== undefined) {
      reason = endReason(objectAt(status, 'state', 'terminated'));
    } else if (status['ready'] === true && valueAt(status, 'state', 'running') !== undefined) hasRunning = true;
  }
  return reason === 'Completed' && hasRunning ? 'Running' : reason;
}

function podStatus(pod: KubeObject): string {
  const own = textAt(pod, 'status', 'reason');
  if (pod.metadata.deletionTimestamp !== undefined) return own === 'NodeLost' ? 'Unknown' : 'Terminating';
  const isGated = objectsAt(pod, 'status', 'conditions').some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  if (isGated) return 'SchedulingGated';
  return initReason(pod) ?? containerReason(pod) ?? (own || textAt(pod, 'status', 'phase'));
}

function readinessGates(pod: KubeObject): string {
  const gates = objectsAt(pod, 'spec', 'readinessGates').map((gate) => textAt(gate, 'conditionType'));
  const isTrue = (type: string): boolean =>
    objectsAt(pod, 'status', 'conditions').some((one) => one['type'] === type && one['status'] === 'True');
  return gates.length === 0 ? '<none>' : `${gates.filter(isTrue).length}/${gates.length}`;
}

export const podColumns: readonly Column[] = [
  nameColumn,
  column('Ready', readyCount),
  column('Status', podStatus),
  column('Restarts', restarts),
  ageColumn,
  wide('IP', (pod) => textAt(pod, 'status', 'podIP') || '<none>'),
  wide('Node', (pod) => textAt(pod, 'spec', 'nodeName') || '<none>'),
  wide('Nominated Node', (pod) => textAt(pod, 'status', 'nominatedNodeName') || '<none>'),
  wide('Readiness Gates', readinessGates),
];
