/** Whether a pod is running, terminating or deleted: from the cache, and from the API server itself. */
import type { KubeObject, ObjectReader } from '../../kube/ports.ts';
import { pods } from '../../kube/resources.ts';
import type { PodDirectory, PodLife } from '../discovery/drain-status.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import { endOf, sidecarOf } from '../gather/pods.ts';
import type { ClusterState } from '../gather/cluster-state.ts';

export function createPodDirectory(clusterState: ClusterState, reader: Pick<ObjectReader, 'get'>): PodDirectory {
  return {
    cached: (ref) => lifeOf(clusterState.pod(ref), ref.uid),
    live: async (ref) => {
      const pod = await reader.get(pods, ref);
      return lifeOf(pod && { uid: pod.metadata.uid ?? '', ...endOf(pod), ...readSidecar(pod) }, ref.uid);
    },
  };
}

type Seen = Pick<Pod, 'uid' | 'deletion' | 'disruption' | 'sidecar'>;

function readSidecar(pod: KubeObject): Pick<Pod, 'sidecar'> {
  const sidecar = sidecarOf(pod);
  return sidecar ? { sidecar } : {};
}

function lifeOf(pod: Seen | undefined, uid: string): PodLife {
  if (pod?.uid !== uid) return { kind: 'Gone' };
  const { deletion, disruption, sidecar } = pod;
  if (!deletion) return { kind: 'Alive' };
  return {
    kind: 'Terminating',
    killAtMs: deletion.killAtMs,
    ...(sidecar && { appRuns: sidecar.appRuns }),
    ...(disruption !== undefined && { disruption }),
  };
}
