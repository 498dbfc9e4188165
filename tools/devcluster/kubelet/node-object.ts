/** The Node object that the pods run on. */
import { availableParallelism, totalmem } from 'node:os';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { nodes } from '../../../src/kube/resources.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { formatTime, hostIp } from './status.ts';

/** The node is ready for as long as this process runs: it renews no Lease. */
export async function registerNode(
  api: Pick<ClusterApi, 'get' | 'create' | 'patch'>,
  name: string,
  nowMs: number,
): Promise<void> {
  if (!api.get(nodes, { name })) await api.create(nodes, buildNode(name));
  await api.patch(nodes, { name }, { status: buildStatus(name, formatTime(nowMs)) }, 'status');
}

const buildNode = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
  spec: {},
});

function buildStatus(name: string, now: string): object {
  const capacity = { cpu: String(availableParallelism()), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '110' };
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: 'InternalIP', address: hostIp },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    nodeInfo: { kubeletVersion: 'v1.35.0-devcluster', operatingSystem: 'linux' },
  };
}
