import { describe, expect, test } from '@jest/globals';
import type { ClusterNode, Pod } from '../../../../src/core/snapshot/snapshot.ts';
import {
  explainLimit,
  judgeDrainLimit,
  warnOfWaiting,
  type LimitFacts,
} from '../../../../src/core/status/effective-limit.ts';
import { wholePod } from '../../../support/world.ts';

const hour = 3_600_000;
const drain = { drainTimeoutMs: hour, quietPeriodMs: 5000, shutdownMarginMs: 30_000 };
const pod = (fields: Partial<Pod> = {}): Pod =>
  wholePod({
    name: 'cart-a',
    node: 'node-1',
    graceSeconds: 3640,
    sidecar: { drainTimeoutMs: hour, endings: 0, appRuns: true },
    ...fields,
  });
const node = (labels: Record<string, string>, taints: string[] = []): ClusterNode => ({
  labels,
  taints,
  addresses: [],
});
const spot = node({ 'karpenter.sh/capacity-type': 'spot' });
const autoscaler = (graceMs: number) => ({ namespace: 'kube-system', name: 'cluster-autoscaler', graceMs });

/** One pod on an ordinary node, unless a row has other facts. */
const factsOf = (facts: Partial<LimitFacts>): LimitFacts => ({
  drain,
  pods: [pod()],
  nodes: { 'node-1': node({}) },
  ...facts,
});

type Row = [sentence: string, facts: Partial<LimitFacts>, limitedBy: string, durationMs: number];

describe('the shortest limit of a drain', () => {
  const rows: Row[] = [
    ['drain.timeout without any other limit', {}, 'drain.timeout', hour],
    ['drain.timeout without pods', { pods: [] }, 'drain.timeout', hour],
    ['drain.timeout with an unknown node', { nodes: {} }, 'drain.timeout', hour],
    [
      'the 600 s of an autoscaler, less the margin of the app',
      { autoscaler: autoscaler(600_000) },
      'ClusterAutoscaler kube-system/cluster-autoscaler',
      570_000,
    ],
    ['drain.timeout with an autoscaler that waits longer', { autoscaler: autoscaler(2 * hour) }, 'drain.timeout', hour],
    [
      'the default of an autoscaler that is not visible but has tainted the node',
      { nodes: { 'node-1': node({}, ['ToBeDeletedByClusterAutoscaler']) } },
      'NodeBeingRemoved node-1',
      570_000,
    ],
    ['a spot node of Karpenter', { nodes: { 'node-1': spot } }, 'SpotNode node-1', 120_000],
    [
      'a spot node of an EKS node group',
      { nodes: { 'node-1': node({ 'eks.amazonaws.com/capacityType': 'SPOT' }) } },
      'SpotNode node-1',
      120_000,
    ],
    [
      'a spot node of GKE',
      { nodes: { 'node-1': node({ 'cloud.google.com/gke-spot': 'true' }) } },
      'SpotNode node-1',
      15_000,
    ],
    [
      'drain.timeout on an on-demand node of Karpenter',
      { nodes: { 'node-1': node({ 'karpenter.sh/capacity-type': 'on-demand' }) } },
      'drain.timeout',
      hour,
    ],
    [
      'drain.timeout if no pod of the target runs on the spot node',
      { nodes: { 'node-1': node({}), 'node-2': spot } },
      'drain.timeout',
      hour,
    ],
    [
      'the shorter grace period of a delete',
      { pods: [pod({ deletion: { killAtMs: 0, graceSeconds: 60 } })] },
      'DeletedWithShorterGrace cart-a',
      30_000,
    ],
    [
      'zero with a grace period shorter than the margin',
      { pods: [pod({ deletion: { killAtMs: 0, graceSeconds: 10 } })] },
      'DeletedWithShorterGrace cart-a',
      0,
    ],
    [
      'drain.timeout for a pod that was deleted with its own grace period',
      { pods: [pod({ deletion: { killAtMs: 0, graceSeconds: 3640 } })] },
      'drain.timeout',
      hour,
    ],
    [
      'the hour that a GKE upgrade waits, for a drain.timeout of two hours',
      {
        drain: { ...drain, drainTimeoutMs: 2 * hour },
        pods: [pod({ graceSeconds: 9000, sidecar: { endings: 0, appRuns: true } })],
        nodes: { 'node-1': node({ 'cloud.google.com/gke-nodepool': 'pool-1' }) },
      },
      'ManagedUpgrade node-1',
      hour,
    ],
    [
      'zero for a pod without the sidecar',
      { pods: [pod(), pod({ name: 'cart-b', injection: { injected: false, keptPreStop: [] } })] },
      'PodWithoutSidecar cart-b',
      0,
    ],
    [
      'the shorter drain.timeout at the injection of a pod',
      { pods: [pod({ sidecar: { drainTimeoutMs: 600_000, endings: 0, appRuns: true } })] },
      'PodInjectedEarlier cart-a',
      600_000,
    ],
    [
      'a grace period that was lowered after injection',
      { pods: [pod({ graceSeconds: 90 })] },
      'PodGrace cart-a',
      60_000,
    ],
    [
      'drain.timeout for a pod that has terminated',
      { pods: [pod({ phase: 'Failed', injection: { injected: false, keptPreStop: [] } })] },
      'drain.timeout',
      hour,
    ],
    [
      'the first by name of two equal limits',
      { pods: [pod({ name: 'cart-b', node: 'node-2' }), pod()], nodes: { 'node-1': spot, 'node-2': spot } },
      'SpotNode node-1',
      120_000,
    ],
    [
      'the shortest of several limits',
      { autoscaler: autoscaler(600_000), nodes: { 'node-1': spot } },
      'SpotNode node-1',
      120_000,
    ],
  ];
  test.each(rows)('%s', (_, facts, limitedBy, durationMs) => {
    expect(judgeDrainLimit(factsOf(facts))).toEqual({ limitedBy, durationMs });
  });
});

describe('the explanation of a limit', () => {
  test('has its source and what to do', () => {
    expect(explainLimit({ duration: '2m', limitedBy: 'SpotNode node-3' })).toBe(
      'Pods are held for at most 2m instead of drain.timeout (SpotNode node-3): a spot node is reclaimed this soon after its interruption notice; use a node affinity to keep these pods off spot nodes, or accept the limit.',
    );
  });

  test('is short if it is drain.timeout', () => {
    expect(explainLimit({ duration: '1h', limitedBy: 'drain.timeout' })).toBe('Pods are held for at most 1h.');
  });
});

describe('the warning about what waits for a drain', () => {
  const target = {
    kind: 'Deployment' as const,
    namespace: 'shop',
    name: 'cart',
    uid: 'u',
    labels: {},
    containerPorts: [],
    hasReadinessProbe: true,
  };
  const limit = { durationMs: hour, limitedBy: 'drain.timeout' };
  test.each([
    [
      'is given for strategy Recreate and a drain longer than progressDeadlineSeconds',
      { ...target, rollout: { type: 'Recreate' as const, progressDeadlineMs: 600_000 } },
      /progressDeadlineSeconds \(10m\).*ProgressDeadlineExceeded/,
    ],
    [
      'is given for strategy Recreate and a shorter drain, during which no pod accepts new sessions',
      { ...target, rollout: { type: 'Recreate' as const, progressDeadlineMs: 2 * hour } },
      /Recreate.*no pod accepts new sessions while the old pods drain, for up to 1h\. Use RollingUpdate, or a shorter drain\.timeout\.$/,
    ],
    [
      'is given for a StatefulSet that terminates its pods one at a time',
      { ...target, kind: 'StatefulSet' as const, rollout: { type: 'OrderedReady' as const } },
      /StatefulSet cart.*one at a time.*Parallel/,
    ],
    [
      'is given for a StatefulSet, whose replacement pods wait',
      { ...target, kind: 'StatefulSet' as const },
      /StatefulSet cart creates the replacement of a pod only when the pod has terminated.*single replica\.$/,
    ],
    ['is not given otherwise', target, undefined],
  ])('%s', (_, of, message) => {
    const warning = warnOfWaiting(of, limit);
    if (message) expect(warning).toMatch(message);
    else expect(warning).toBeUndefined();
  });
});
