/** The sidecar of a pod: the limit it was made with, and what the kubelet says of its process. */
import { drainTimeoutVariable, sidecarContainer } from '../../core/names/names.ts';
import type { PodSidecar } from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';

/** As Kubernetes tells it; Go may write an empty list as null. */
type ContainerState = { running?: object; terminated?: { reason?: string } };
type ContainerStatus = { name: string; restartCount?: number; state?: ContainerState; lastState?: ContainerState };
type Spec = { initContainers?: { name: string; env?: { name: string; value?: string }[] | null }[] | null };
type Status = { initContainerStatuses?: ContainerStatus[] | null; containerStatuses?: ContainerStatus[] | null };

export function sidecarOf(pod: KubeObject): PodSidecar | undefined {
  const { spec, status = {} } = pod as KubeObject & { spec?: Spec; status?: Status };
  const container = spec?.initContainers?.find(({ name }) => name === sidecarContainer);
  if (!container) return undefined;
  const timeout = container.env?.find(({ name }) => name === drainTimeoutVariable)?.value;
  return {
    ...(timeout !== undefined && { drainTimeoutMs: Number(timeout) }),
    ...endingsOf(status.initContainerStatuses?.find(({ name }) => name === sidecarContainer)),
    appRuns: status.containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false,
  };
}

/** A restart counts only when the new process is there, which may be a back-off after the end of the one before it. */
function endingsOf({ restartCount = 0, state, lastState }: Omit<ContainerStatus, 'name'> = {}): Pick<
  PodSidecar,
  'endings' | 'lastEnd'
> {
  const last = state?.terminated ?? lastState?.terminated;
  const isDown = last !== undefined && state?.running === undefined;
  return { endings: restartCount + Number(isDown), ...(last?.reason !== undefined && { lastEnd: last.reason }) };
}
