import { expect, test } from '@jest/globals';
import { projectSlice } from '../../../../src/operator/gather/slices.ts';

const targetRef = { kind: 'Pod', namespace: 'shop', name: 'cart-a', uid: 'u-a' };
const project = (rest: object) =>
  projectSlice({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'cart-x', labels: { 'kubernetes.io/service-name': 'cart' } },
    ...rest,
  }).slice;

const empty = { namespace: 'shop', name: 'cart-x', service: 'cart', endpoints: [] };
const seen = { podUid: 'u-a', podName: 'cart-a', address: '10.0.0.1', ready: true, serving: true, terminating: false };

test.each<[string, object, object]>([
  ['an empty list, which Go writes as null', { ports: null, endpoints: null }, empty],
  ['nothing at all', {}, empty],
  [
    'the number of the Service’s one port',
    { ports: [{ name: 'http', port: 8080 }], endpoints: [] },
    { ...empty, port: 8080 },
  ],
  ['a port without a number', { ports: [{ name: 'http' }], endpoints: [] }, empty],
  [
    'absent conditions: ready, serving and not terminating',
    { endpoints: [{ addresses: ['10.0.0.1'], targetRef }] },
    { ...empty, endpoints: [seen] },
  ],
  [
    'conditions that are null: the same',
    {
      endpoints: [
        { addresses: ['10.0.0.1'], targetRef, conditions: { ready: null, serving: null, terminating: null } },
      ],
    },
    { ...empty, endpoints: [seen] },
  ],
  [
    'a pod that terminates and serves',
    {
      endpoints: [
        { addresses: ['10.0.0.1'], targetRef, conditions: { ready: false, serving: true, terminating: true } },
      ],
    },
    { ...empty, endpoints: [{ ...seen, ready: false, terminating: true }] },
  ],
  [
    'the first of several addresses',
    { endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'], targetRef }] },
    { ...empty, endpoints: [seen] },
  ],
  [
    'an endpoint that is no pod is passed over',
    {
      endpoints: [
        { addresses: ['10.0.0.9'], targetRef: { kind: 'Node', name: 'n', uid: 'x' } },
        { addresses: ['10.0.0.8'] },
      ],
    },
    empty,
  ],
  [
    'a pod without UID or address is passed over',
    {
      endpoints: [
        { addresses: [], targetRef },
        { addresses: ['10.0.0.1'], targetRef: { kind: 'Pod', name: 'p' } },
      ],
    },
    empty,
  ],
])('%s', (_, object, slice) => {
  expect(project(object)).toEqual(slice);
});

test('a slice without the label of a Service belongs to none', () => {
  expect(
    projectSlice({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'shop', name: 'x' },
    }).slice.service,
  ).toBe('');
});
