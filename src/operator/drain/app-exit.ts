/** Whether the app of a terminating pod has exited. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { targetKey } from '../../core/names/names.ts';
import { choosePodPort, findExitMs } from '../../core/resolve/pod-port.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { Translated } from '../translation/translation-store.ts';

/**
 * Judged by the same port as in the routing table: with that of another container, such as a metrics exporter, the exit of that container
 * would release a pod whose sessions continue. `workload`: absent if it is deleted.
 */
export function hasAppExited(
  pod: Pick<Pod, 'exits' | 'namespace' | 'ports' | 'sidecar'>,
  workload: StickyWorkload | undefined,
  { translation }: Pick<Translated, 'translation'>,
): boolean {
  const target = workload && translation.index.targets.get(targetKey(pod.namespace, workload.spec.targetRef));
  const port = choosePodPort(workload?.spec.service.targetPort, target?.containerPorts ?? [], pod);
  return findExitMs(pod, port) !== undefined;
}
