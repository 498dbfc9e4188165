import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { autoscalerOf, projectNode } from '../../../../src/operator/gather/nodes.ts';

const nodeOf = (labels: Record<string, string>, spec: object, status: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1', labels },
  spec,
  status,
});

describe('a node', () => {
  test('is reduced to the fields that limit how long pods stay', () => {
    const labels = { 'karpenter.sh/capacity-type': 'spot', 'kubernetes.io/hostname': 'node-1' };
    const taints = [
      { key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' },
      { key: 'other', effect: 'NoSchedule' },
    ];
    expect(projectNode(nodeOf(labels, { taints }, { images: [{}] }))).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-1' },
      node: {
        labels: { 'karpenter.sh/capacity-type': 'spot' },
        taints: ['ToBeDeletedByClusterAutoscaler'],
        addresses: [],
      },
    });
  });
});

describe('the Cluster Autoscaler', () => {
  const deploymentOf = (container: object, namespace = 'kube-system'): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'ca' },
    spec: { template: { spec: { containers: [{ name: 'main', ...container }] } } },
  });
  const image = 'registry.k8s.io/autoscaling/cluster-autoscaler:v1.33.0';
  const rows: [string, KubeObject, number | undefined][] = [
    ['600 s by default', deploymentOf({ image }), 600_000],
    [
      'a flag with its value',
      deploymentOf({ image, command: ['./cluster-autoscaler', '--v=4', '--max-graceful-termination-sec=3600'] }),
      3_600_000,
    ],
    [
      'a flag and its value in two arguments',
      deploymentOf({ image, args: ['--max-graceful-termination-sec', '120'] }),
      120_000,
    ],
    [
      'a command for a shell',
      deploymentOf({
        image,
        command: ['sh', '-c', 'exec ./cluster-autoscaler --max-graceful-termination-sec=90 --v=4'],
      }),
      90_000,
    ],
    [
      'an image for one architecture, by digest',
      deploymentOf({ image: 'mirror/cluster-autoscaler-arm64@sha256:0', command: null }),
      600_000,
    ],
    [
      'none if it depends on the priority',
      deploymentOf({ image, args: ['--drain-priority-config=0:600,1000:3600'] }),
      undefined,
    ],
    [
      'none for another autoscaler',
      deploymentOf({ image: 'registry.k8s.io/cpa/cluster-proportional-autoscaler:v1' }),
      undefined,
    ],
    ['none for one in another namespace, which manages another cluster', deploymentOf({ image }, 'tenant'), undefined],
  ];
  test.each(rows)('determines the grace period of drains: %s', (_, deployment, graceMs) => {
    expect(autoscalerOf(deployment)).toEqual(
      graceMs === undefined ? undefined : { namespace: 'kube-system', name: 'ca', graceMs },
    );
  });
});
