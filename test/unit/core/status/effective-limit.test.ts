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
const node = (labels: Record<string, string>, taints: string[] = []): ClusterNode => ({ labels, taints });
const spot = node({ 'karpenter.sh/capacity-type': 'spot' });
const autoscaler = (graceMs: number) => ({ namespace: 'kube-system', name: 'cluster-autoscaler', graceMs });

/** One pod on an ordinary node, but for what a row says. */
const factsOf = (facts: Partial<LimitFacts>): LimitFacts => ({
  drain,
  pods: [pod()],
  nodes: { 'node-1': node({}) },
  ...facts,
});

type Row = [sentence: string, facts: Partial<LimitFacts>, limitedBy: string, durationMs: number];

describe('the tightest limit of a drain', () => {
  const rows: Row[] = [
    ['nothing but what was asked for', {}, 'drain.timeout', hour],
    ['no pod yet', { pods: [] }, 'drain.timeout', hour],
    ['a node that is not known yet limits nothing', { nodes: {} }, 'drain.timeout', hour],
    [
      'T1: an autoscaler by default leaves 600 s, of which the app keeps its margin',
      { autoscaler: autoscaler(600_000) },
      'ClusterAutoscaler kube-system/cluster-autoscaler',
      570_000,
    ],
    [
      'T1: an autoscaler that was told to wait longer than the drain limits nothing',
      { autoscaler: autoscaler(2 * hour) },
      'drain.timeout',
      hour,
    ],
    [
      'T1: a node with the taint of an autoscaler that we cannot see',
      { nodes: { 'node-1': node({}, ['ToBeDeletedByClusterAutoscaler']) } },
      'NodeBeingRemoved node-1',
      570_000,
    ],
    ['T10: a spot node of Karpenter', { nodes: { 'node-1': spot } }, 'SpotNode node-1', 120_000],
    [
      'T10: a spot node of an EKS node group',
      { nodes: { 'node-1': node({ 'eks.amazonaws.com/capacityType': 'SPOT' }) } },
      'SpotNode node-1',
      120_000,
    ],
    [
      'T10: a spot node of GKE',
      { nodes: { 'node-1': node({ 'cloud.google.com/gke-spot': 'true' }) } },
      'SpotNode node-1',
      15_000,
    ],
    [
      'T10: Karpenter says on-demand',
      { nodes: { 'node-1': node({ 'karpenter.sh/capacity-type': 'on-demand' }) } },
      'drain.timeout',
      hour,
    ],
    [
      'T10: a spot node on which no pod of ours runs',
      { nodes: { 'node-1': node({}), 'node-2': spot } },
      'drain.timeout',
      hour,
    ],
    [
      'T12: a pod that was deleted with a shorter grace',
      { pods: [pod({ deletion: { killAtMs: 0, graceSeconds: 60 } })] },
      'DeletedWithShorterGrace cart-a',
      30_000,
    ],
    [
      'T12: a grace shorter than the margin leaves nothing, not less',
      { pods: [pod({ deletion: { killAtMs: 0, graceSeconds: 10 } })] },
      'DeletedWithShorterGrace cart-a',
      0,
    ],
    [
      'T12: a pod that was deleted with its own grace',
      { pods: [pod({ deletion: { killAtMs: 0, graceSeconds: 3640 } })] },
      'drain.timeout',
      hour,
    ],
    [
      'T13: GKE upgrades wait for an hour, and the drain would take two',
      {
        drain: { ...drain, drainTimeoutMs: 2 * hour },
        pods: [pod({ graceSeconds: 9000, sidecar: { endings: 0, appRuns: true } })],
        nodes: { 'node-1': node({ 'cloud.google.com/gke-nodepool': 'pool-1' }) },
      },
      'ManagedUpgrade node-1',
      hour,
    ],
    [
      'T26: a pod without the sidecar is not held at all',
      { pods: [pod(), pod({ name: 'cart-b', injection: { injected: false, keptPreStop: [] } })] },
      'PodWithoutSidecar cart-b',
      0,
    ],
    [
      'a pod that was injected under a shorter drain.timeout',
      { pods: [pod({ sidecar: { drainTimeoutMs: 600_000, endings: 0, appRuns: true } })] },
      'PodInjectedEarlier cart-a',
      600_000,
    ],
    ['a grace that somebody lowered after injection', { pods: [pod({ graceSeconds: 90 })] }, 'PodGrace cart-a', 60_000],
    [
      'a pod that has ended limits nothing',
      { pods: [pod({ phase: 'Failed', injection: { injected: false, keptPreStop: [] } })] },
      'drain.timeout',
      hour,
    ],
    [
      'of two equal ones the first by name',
      { pods: [pod({ name: 'cart-b', node: 'node-2' }), pod()], nodes: { 'node-1': spot, 'node-2': spot } },
      'SpotNode node-1',
      120_000,
    ],
    [
      'of several the tightest',
      { autoscaler: autoscaler(600_000), nodes: { 'node-1': spot } },
      'SpotNode node-1',
      120_000,
    ],
  ];
  test.each(rows)('%s', (_, facts, limitedBy, durationMs) => {
    expect(judgeDrainLimit(factsOf(facts))).toEqual({ limitedBy, durationMs });
  });
});

describe('is explained', () => {
  test('with what sets it, and the way out', () => {
    expect(explainLimit({ duration: '2m', limitedBy: 'SpotNode node-3' })).toBe(
      'Pods are held for at most 2m instead of drain.timeout (SpotNode node-3): a spot node is reclaimed this soon after its interruption notice; use a node affinity to keep these pods off spot nodes, or accept the limit.',
    );
  });

  test('where nothing of the cluster sets it, in half a sentence', () => {
    expect(explainLimit({ duration: '1h', limitedBy: 'drain.timeout' })).toBe('Pods are held for at most 1h.');
  });
});

describe('what waits for a drain', () => {
  const target = {
    kind: 'Deployment' as const,
    namespace: 'shop',
    name: 'cart',
    uid: 'u',
    containerPorts: [],
    hostNetwork: false,
    hasReadinessProbe: true,
  };
  const limit = { durationMs: hour, limitedBy: 'drain.timeout' };
  test.each([
    [
      'T18: Recreate with a drain beyond progressDeadlineSeconds',
      { ...target, rollout: { type: 'Recreate' as const, progressDeadlineMs: 600_000 } },
      /progressDeadlineSeconds \(10m\).*ProgressDeadlineExceeded/,
    ],
    [
      'T18: Recreate with a drain within it',
      { ...target, rollout: { type: 'Recreate' as const, progressDeadlineMs: 2 * hour } },
      undefined,
    ],
    [
      'T19: a StatefulSet that goes one by one',
      { ...target, kind: 'StatefulSet' as const, rollout: { type: 'OrderedReady' as const } },
      /StatefulSet cart.*one at a time.*Parallel/,
    ],
    ['nothing', target, undefined],
  ])('%s', (_, of, message) => {
    const warning = warnOfWaiting(of, limit);
    if (message) expect(warning).toMatch(message);
    else expect(warning).toBeUndefined();
  });
});
