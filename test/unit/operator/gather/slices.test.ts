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

const empty = { namespace: 'shop', name: 'cart-x', service: 'cart', family: 'IPv4', ports: [], endpoints: [] };
const ready = { ready: true, serving: true, terminating: false };
const seen = { podUid: 'u-a', podName: 'cart-a', address: '10.0.0.1', ...ready };

test.each<[string, object, object]>([
  ['nothing of empty lists, which Go encodes as null', { ports: null, endpoints: null }, empty],
  ['nothing if it has no lists', {}, empty],
  [
    'the numbers of the ports by their names',
    {
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: null, port: 8081 },
      ],
    },
    {
      ...empty,
      ports: [
        { name: 'http', port: 8080 },
        { name: '', port: 8081 },
      ],
    },
  ],
  [
    'no port without a number, or of another protocol',
    {
      ports: [
        { name: 'http', port: null },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    },
    empty,
  ],
  ['IPv6 addresses as such', { addressType: 'IPv6' }, { ...empty, family: 'IPv6' }],
  ['no host names', { addressType: 'FQDN', endpoints: [{ addresses: ['shop.example.com'] }] }, empty],
  [
    'an endpoint without conditions as ready, serving and not terminating',
    { endpoints: [{ addresses: ['10.0.0.1'], targetRef }] },
    { ...empty, endpoints: [seen] },
  ],
  [
    'an endpoint whose conditions are null as ready, serving and not terminating',
    {
      endpoints: [
        { addresses: ['10.0.0.1'], targetRef, conditions: { ready: null, serving: null, terminating: null } },
      ],
    },
    { ...empty, endpoints: [seen] },
  ],
  [
    'a pod that is terminating and serving',
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
    'an endpoint that is no pod by its address',
    {
      endpoints: [
        { addresses: ['10.0.0.9'], targetRef: { kind: 'Node', name: 'n', uid: 'x' } },
        { addresses: ['10.0.0.8'] },
        { addresses: ['10.0.0.7'], targetRef: { kind: 'Pod', name: 'without-uid' } },
        { addresses: ['10.0.0.6'], targetRef: { ...targetRef, namespace: 'bank' } },
      ],
    },
    { ...empty, endpoints: ['10.0.0.9', '10.0.0.8', '10.0.0.7', '10.0.0.6'].map((address) => ({ ...ready, address })) },
  ],
  ['no endpoint without an address', { endpoints: [{ addresses: [], targetRef }] }, empty],
])('a slice keeps %s', (_, object, slice) => {
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
