import { describe, expect, test } from '@jest/globals';
import type { KubeObject, ObjectMeta } from '../../../../src/kube/ports.ts';
import { controllerOf, deletionOf, imageOf, projectPod } from '../../../../src/operator/gather/pods.ts';

const callsSidecar = { httpGet: { path: '/prestop', port: 15999 } };
const sidecar = { name: 'holdfast-sidecar', image: 'holdfast:1' };

type Parts = { metadata?: Partial<ObjectMeta>; spec?: object; status?: object };
const podOf = ({ metadata = {}, spec, status }: Parts): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'cart-a', uid: 'u', resourceVersion: '7', ...metadata },
  ...(spec && { spec }),
  ...(status && { status }),
});
const pruned = (parts: Parts) => projectPod(podOf(parts)).pod;

test('a running pod is reduced to the fields that the core uses', () => {
  const cached = projectPod(
    podOf({
      metadata: {
        labels: { app: 'cart' },
        creationTimestamp: '2026-01-01T00:00:00Z',
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-1', uid: 'r', controller: true }],
      },
      spec: {
        nodeName: 'n',
        volumes: [{}],
        containers: [
          { name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9 }] },
        ],
      },
      status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
    }),
  );
  expect(cached).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'cart-a', uid: 'u', resourceVersion: '7' },
    owner: { kind: 'ReplicaSet', name: 'cart-1' },
    pod: {
      namespace: 'shop',
      name: 'cart-a',
      uid: 'u',
      ip: '10.0.0.1',
      phase: 'Running',
      ready: true,
      createdAtMs: Date.UTC(2026, 0, 1),
      labels: { app: 'cart' },
      ports: [
        { port: 8080, name: 'http', container: 'app' },
        { port: 9, container: 'app' },
      ],
      injection: { injected: false, keptPreStop: [] },
      node: 'n',
    },
  });
});

describe('a pod that does not have all fields', () => {
  const fresh: [string, Parts, object][] = [
    ['no status', {}, { phase: 'Unknown', ready: false, ports: [] }],
    ['no IP instead of an empty one', { status: { phase: 'Pending', podIP: '' } }, { phase: 'Pending', ready: false }],
    [
      'conditions without Ready',
      { status: { phase: 'Running', conditions: [{ type: 'PodScheduled', status: 'True' }] } },
      { ready: false },
    ],
    [
      'Ready that is False',
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] } },
      { ready: false },
    ],
    [
      'lists that are null, as Go encodes empty lists',
      {
        spec: { containers: [{ name: 'app', image: 'a', ports: null }], initContainers: null },
        status: { phase: 'Running', conditions: null },
      },
      { ready: false, ports: [], injection: { injected: false, keptPreStop: [] } },
    ],
    ['no containers, as null', { metadata: {}, spec: { containers: null } }, { ports: [] }],
  ];
  test.each(fresh)('is reduced: %s', (_, parts, seen) => {
    expect(pruned(parts)).toMatchObject(seen);
    expect('ip' in pruned(parts)).toBe(false);
  });
});

describe('the injection state of a pod', () => {
  const annotations = { 'holdfast.dev/workload': 'cart' };
  const cases: [string, Parts, object][] = [
    [
      'injected with sidecar, annotation and hook',
      {
        metadata: { annotations },
        spec: { initContainers: [sidecar], containers: [{ name: 'app', lifecycle: { preStop: callsSidecar } }] },
      },
      { injected: true, keptPreStop: [] },
    ],
    [
      'not injected without the annotation, because a user copied the sidecar',
      { spec: { initContainers: [sidecar], containers: [] } },
      { injected: false, keptPreStop: [] },
    ],
    [
      'not injected without the sidecar, because the annotation was copied',
      { metadata: { annotations }, spec: { containers: [] } },
      { injected: false, keptPreStop: [] },
    ],
    [
      'injected with the names of containers that kept their hooks',
      {
        metadata: { annotations },
        spec: {
          initContainers: [sidecar],
          containers: [
            { name: 'app', lifecycle: { preStop: { exec: { command: ['x'] } } } },
            { name: 'log', lifecycle: { preStop: { httpGet: { path: '/bye', port: 1 } } } },
            { name: 'free' },
          ],
        },
      },
      { injected: true, keptPreStop: ['app', 'log'] },
    ],
  ];
  test.each(cases)('is %s', (_, parts, injection) => {
    expect(pruned(parts).injection).toEqual(injection);
  });

  test('contains the StickyWorkload, because it remains when the owners are deleted', () => {
    expect(projectPod(podOf({ metadata: { annotations } })).workload).toBe('cart');
  });
});

describe('the deletion of a pod', () => {
  test.each<[string, Partial<ObjectMeta>, object | undefined]>([
    ['undefined without a deletion timestamp', {}, undefined],
    [
      'due at the timestamp, the end of its grace period',
      { deletionTimestamp: '2026-01-01T01:00:00Z', deletionGracePeriodSeconds: 3600 },
      { killAtMs: Date.UTC(2026, 0, 1, 1), graceSeconds: 3600 },
    ],
    [
      'due at the timestamp without a grace period, by force',
      { deletionTimestamp: '2026-01-01T01:00:00Z', deletionGracePeriodSeconds: 0 },
      { killAtMs: Date.UTC(2026, 0, 1, 1), graceSeconds: 0 },
    ],
  ])('is %s', (_, metadata, deletion) => {
    expect(deletionOf({ name: 'x', ...metadata })).toEqual(deletion);
    expect(pruned({ metadata }).deletion).toEqual(deletion);
  });
});

test('the controller of an object is the owner reference marked as controller', () => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: '1' };
  expect(controllerOf({ name: 'x' })).toBeUndefined();
  expect(controllerOf({ name: 'x', ownerReferences: [owner] })).toBeUndefined();
  expect(
    controllerOf({
      name: 'x',
      ownerReferences: [owner, { ...owner, kind: 'StatefulSet', name: 's', controller: true }],
    }),
  ).toEqual({ kind: 'StatefulSet', name: 's' });
});

test('imageOf returns the image of a container with its pull policy', () => {
  const pod = podOf({
    spec: {
      containers: [
        { name: 'operator', image: 'holdfast:2' },
        { name: 'other', image: 'x', imagePullPolicy: 'Never' },
      ],
    },
  });
  expect(imageOf(pod, 'operator')).toEqual({ image: 'holdfast:2', imagePullPolicy: 'IfNotPresent' });
  expect(imageOf(pod, 'other')).toEqual({ image: 'x', imagePullPolicy: 'Never' });
  expect(imageOf(pod, 'none')).toBeUndefined();
});
