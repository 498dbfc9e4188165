import { expect, test } from '@jest/globals';
import { listServicePorts } from '../../../network/service-backends.ts';

const service = (spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'cart' },
  spec: { clusterIP: '127.96.0.1', ports: [{ name: 'http', port: 80 }], ...spec },
});

type Conditions = { ready?: boolean; serving?: boolean; terminating?: boolean };

const slice = (endpoints: Record<string, Conditions>, port = { name: 'http', port: 8080 }) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'shop', name: 'cart-x', labels: { 'kubernetes.io/service-name': 'cart' } },
  ports: [port],
  endpoints: Object.entries(endpoints).map(([address, conditions]) => ({ addresses: [address], conditions })),
});

const up: Conditions = { ready: true, serving: true, terminating: false };
const leaving: Conditions = { ready: false, serving: true, terminating: true };
const down: Conditions = { ready: false, serving: false, terminating: false };

const rows: [string, Record<string, Conditions>, string[]][] = [
  ['to pods that are ready', { '127.64.0.1': up, '127.64.0.2': down }, ['127.64.0.1']],
  ['not to pods that terminate while others are ready', { '127.64.0.1': up, '127.64.0.2': leaving }, ['127.64.0.1']],
  [
    'to pods that terminate and still serve where no other is left',
    { '127.64.0.1': leaving, '127.64.0.2': down },
    ['127.64.0.1'],
  ],
  ['no endpoint if none serves', { '127.64.0.1': down }, []],
];

test.each(rows)('connections go %s', (_, endpoints, hosts) => {
  const [port] = listServicePorts([service({})], [slice(endpoints)]);
  expect(port?.backends).toEqual(hosts.map((host) => ({ host, port: 8080 })));
});

test('a port is served by the endpoints of its own name', () => {
  const ports = listServicePorts(
    [
      service({
        ports: [
          { name: 'http', port: 80 },
          { name: 'other', port: 81 },
        ],
      }),
    ],
    [slice({ '127.64.0.1': up })],
  );
  expect(ports.map(({ port, backends }) => [port, backends.length])).toEqual([
    [80, 1],
    [81, 0],
  ]);
});

test.each([
  ['has no address yet', { clusterIP: '' }],
  ['is headless', { clusterIP: 'None' }],
  ['speaks UDP', { ports: [{ port: 53, protocol: 'UDP' }] }],
])('nothing listens for a Service that %s', (_, spec) => {
  expect(listServicePorts([service(spec)], [])).toEqual([]);
});
