import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { judgeChange, shareWith, type EventResult } from '../../../../src/operator/gather/changes.ts';
import { projectGateway, projectNamespace } from '../../../../src/operator/gather/gateway-api.ts';
import { projectNode } from '../../../../src/operator/gather/nodes.ts';
import { projectAutoscaler, projectWithStatus } from '../../../../src/operator/gather/owned.ts';
import { projectPod } from '../../../../src/operator/gather/pods.ts';
import { projectSlice } from '../../../../src/operator/gather/slices.ts';
import { projectTarget } from '../../../../src/operator/gather/targets.ts';

type Change = { [part: string]: unknown; metadata?: object };

const object = ({ metadata, ...more }: Change, version: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Any',
  metadata: { namespace: 'shop', name: 'a', uid: 'u', resourceVersion: version, ...metadata },
  ...more,
});

const whole = (it: KubeObject): KubeObject => it;

/** The kind, its projection, the object before, what an event changes in it, and the result. */
const rows: [string, (it: KubeObject) => KubeObject, Change, Change, EventResult][] = [
  ['the heartbeat of a node', projectNode, { status: { heartbeat: 1 } }, { status: { heartbeat: 2 } }, 'Unchanged'],
  [
    'a taint of the Cluster Autoscaler',
    projectNode,
    {},
    { spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } },
    'Changed',
  ],
  [
    'a condition of a pod that is not read',
    projectPod,
    { status: { phase: 'Running', podIP: '10.0.0.1' } },
    { status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Initialized', status: 'True' }] } },
    'Unchanged',
  ],
  [
    'the readiness of a pod',
    projectPod,
    { status: { phase: 'Running' } },
    { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    'Changed',
  ],
  ['an annotation of a namespace', projectNamespace, {}, { metadata: { annotations: { a: 'b' } } }, 'Unchanged'],
  ['a label of a namespace', projectNamespace, {}, { metadata: { labels: { a: 'b' } } }, 'Changed'],
  ['the status of a HorizontalPodAutoscaler', projectAutoscaler, {}, { status: { currentReplicas: 2 } }, 'Unchanged'],
  ['the status of an unrelated Deployment', projectTarget, {}, { status: { readyReplicas: 1 } }, 'Unchanged'],
  ['the zone of an endpoint', projectSlice, { endpoints: null }, { endpoints: [], zone: 'a' }, 'Unchanged'],
  ['the status of an HTTPRoute', projectWithStatus, {}, { status: { parents: [] } }, 'StatusOnly'],
  [
    'a condition of a Gateway that changes no listener',
    projectGateway,
    {},
    { status: { conditions: [{ type: 'Programmed', status: 'True' }] } },
    'StatusOnly',
  ],
  ['the listeners of a Gateway', projectGateway, {}, { spec: { listeners: [{ name: 'a', port: 80 }] } }, 'Changed'],
  ['the status of a StickyWorkload', whole, { spec: {} }, { spec: {}, status: { replicas: 1 } }, 'StatusOnly'],
  ['an annotation of a StickyWorkload', whole, {}, { metadata: { annotations: { a: 'b' } } }, 'Changed'],
  ['the resourceVersion alone', whole, { spec: { a: 1 } }, { spec: { a: 1 } }, 'Unchanged'],
];

test.each(rows)('an event that changes %s', (...[, project, before, after, result]) => {
  const previous = project(object(before, '1'));
  const next = shareWith(previous, project(object(after, '2')));
  expect(judgeChange({ type: 'MODIFIED', object: next, previous })).toBe(result);
});

describe('a new version of an object', () => {
  test('shares its equal parts with the previous version, by which later steps detect what changed', () => {
    const previous = object({ spec: { a: 1 }, status: { b: 1 } }, '1');
    const next = shareWith(previous, object({ spec: { a: 1 }, status: { b: 2 } }, '2'));
    expect(next['spec']).toBe(previous['spec']);
    expect(next).toMatchObject({ metadata: { resourceVersion: '2' }, status: { b: 2 } });
  });

  test('shares nothing with a deleted object of the same name', () => {
    const previous = object({ spec: { a: 1 } }, '1');
    const next = shareWith(previous, object({ metadata: { uid: 'other' }, spec: { a: 1 } }, '2'));
    expect(next['spec']).not.toBe(previous['spec']);
  });
});
