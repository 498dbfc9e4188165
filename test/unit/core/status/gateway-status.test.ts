import { describe, expect, test } from '@jest/globals';
import { judgeGateway } from '../../../../src/core/status/gateway-status.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const later = nowMs + 3_600_000;

type Conditions = { conditions: { type: string; status: string; reason: string; lastTransitionTime: string }[] };
const words = ({ conditions }: Conditions) =>
  conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

const onWeb: ShortWorld = {
  workloads: [
    {
      name: 'cart',
      spec: {
        route: {
          parentRefs: [{ name: 'web', sectionName: 'http' }, { name: 'web', sectionName: 'gone' }, { name: 'theirs' }],
        },
      },
    },
  ],
  targets: [{ name: 'cart' }],
  gateways: [
    { name: 'web', addresses: [{ type: 'NamedAddress', value: 'edge' }] },
    { name: 'theirs', className: 'theirs' },
  ],
};

describe('a Gateway', () => {
  const plan = (world: ShortWorld) => {
    const found = translate(snapshotOf(world)).gateways['shop/web'];
    if (!found) throw new Error('there is no Gateway');
    return found;
  };
  const judge = (world: ShortWorld, observed: { generation: number; status?: Record<string, unknown> }, atMs: number) =>
    judgeGateway(plan(world), { readyReplicas: 1 }, observed, atMs) as Conditions & { listeners: Conditions[] };

  test('with an address of an unsupported type reports it, and the proxy has no address', () => {
    const status = judge(onWeb, { generation: 1 }, nowMs);
    expect(words(status)).toEqual(['Accepted False UnsupportedAddress', 'Programmed False AddressNotUsable']);
    expect(status.listeners.map(words)).toEqual([
      [
        'Accepted True Accepted',
        'Programmed True Programmed',
        'ResolvedRefs True ResolvedRefs',
        'Conflicted False NoConflicts',
      ],
    ]);
  });

  test('supports no kind of route on a listener of another protocol', () => {
    const world: ShortWorld = { gateways: [{ name: 'web', listeners: [{ name: 'dns', protocol: 'UDP', port: 53 }] }] };
    const { listeners } = judge(world, { generation: 1 }, nowMs);
    expect(listeners).toMatchObject([{ name: 'dns', supportedKinds: [] }]);
  });

  test('has the addresses of its Service, IP addresses first', () => {
    const [service] = snapshotOf({
      services: [{ name: 'web-holdfast', clusterIps: ['10.96.0.7', 'fd00::7'] }],
    }).services;
    const proxy = { readyReplicas: 1, ...(service && { service: { ...service, nodes: [] } }) };
    expect(judgeGateway(plan(onWeb), proxy, { generation: 1 }, nowMs)).toMatchObject({
      addresses: [
        { type: 'IPAddress', value: '10.96.0.7' },
        { type: 'IPAddress', value: 'fd00::7' },
        { type: 'Hostname', value: 'web-holdfast.shop.svc' },
      ],
    });
  });

  test('whose Service does not exist yet has no address, not even a name', () => {
    const status = judgeGateway(plan({ gateways: [{ name: 'web' }] }), { readyReplicas: 1 }, { generation: 1 }, nowMs);
    expect(status).toMatchObject({ addresses: [] });
    expect(words(status as Conditions)[1]).toBe('Programmed False AddressNotAssigned');
  });

  describe('whose Service is', () => {
    const node = (address: string, lost?: true) => ({
      labels: {},
      taints: [],
      addresses: [address],
      ...(lost && { lost }),
    });
    const service = { type: 'ClusterIP', clusterIps: ['10.96.0.7'], loadBalancer: [], nodes: [] };
    const web: ShortWorld = { gateways: [{ name: 'web' }] };
    const rows: [string, object, string[], string][] = [
      [
        'of type LoadBalancer has the addresses of the load balancer',
        { type: 'LoadBalancer', loadBalancer: [{ ip: '203.0.113.7' }, { hostname: 'lb.example.com' }] },
        ['203.0.113.7', 'lb.example.com'],
        'True Programmed',
      ],
      ['of type LoadBalancer and without one has none yet', { type: 'LoadBalancer' }, [], 'False AddressNotAssigned'],
      [
        'of type NodePort has the addresses of the nodes that are not lost',
        { type: 'NodePort', nodes: [node('192.0.2.1'), node('192.0.2.2', true), node('192.0.2.3')] },
        ['192.0.2.1', '192.0.2.3', 'web-holdfast.shop.svc'],
        'True Programmed',
      ],
      [
        'of type NodePort has only addresses of its own family',
        { type: 'NodePort', nodes: [node('192.0.2.1'), node('2001:db8::1')] },
        ['192.0.2.1', 'web-holdfast.shop.svc'],
        'True Programmed',
      ],
      [
        'of type NodePort and both families has the addresses of both',
        { type: 'NodePort', clusterIps: ['fd00::7', '10.96.0.7'], nodes: [node('192.0.2.1'), node('2001:db8::1')] },
        ['192.0.2.1', '2001:db8::1', 'web-holdfast.shop.svc'],
        'True Programmed',
      ],
    ];
    test.each(rows)('%s', (_, given, addresses, programmed) => {
      const proxy = { readyReplicas: 1, service: { ...service, ...given } };
      const status = judgeGateway(plan(web), proxy, { generation: 1 }, nowMs) as Conditions & {
        addresses: { value: string }[];
      };
      expect(status.addresses.map(({ value }) => value)).toEqual(addresses);
      expect(words(status)[1]).toBe(`Programmed ${programmed}`);
    });
  });

  test.each<[string, { type: string; value?: string }[], { addresses: string[]; programmed: string }]>([
    [
      'any address',
      [{ type: 'IPAddress' }],
      { addresses: ['10.96.0.7', 'web-holdfast.shop.svc'], programmed: 'True Programmed' },
    ],
    [
      'the address of its Service',
      [{ type: 'IPAddress', value: '10.96.0.7' }],
      { addresses: ['10.96.0.7'], programmed: 'True Programmed' },
    ],
    [
      'another address',
      [{ type: 'IPAddress', value: '10.96.0.8' }],
      { addresses: [], programmed: 'False AddressNotUsable' },
    ],
    [
      'more addresses than a Service can have',
      ['10.96.0.7', '10.96.0.8'].map((value) => ({ type: 'IPAddress', value })),
      { addresses: ['10.96.0.7', 'web-holdfast.shop.svc'], programmed: 'False AddressNotUsable' },
    ],
  ])('that asks for %s is accepted, and programmed only with it', (_, addresses, expected) => {
    const service = { type: 'ClusterIP', clusterIps: ['10.96.0.7'], loadBalancer: [], nodes: [] };
    const status = judgeGateway(
      plan({ gateways: [{ name: 'web', addresses }] }),
      { readyReplicas: 1, service },
      { generation: 1 },
      nowMs,
    ) as Conditions & { addresses: { value: string }[] };
    expect(status.addresses.map(({ value }) => value)).toEqual(expected.addresses);
    expect(words(status)).toEqual(['Accepted True Accepted', `Programmed ${expected.programmed}`]);
  });

  test('keeps the transition times of each listener by name, whatever the order', () => {
    const two = (names: string[]): ShortWorld => ({
      gateways: [
        {
          name: 'web',
          listeners: names.map((name, at) => ({
            name,
            port: name === 'b' ? 443 : 80 + at,
            protocol: name === 'b' ? 'HTTPS' : 'HTTP',
          })),
        },
      ],
    });
    const first = judge(two(['a', 'b']), { generation: 1 }, nowMs);
    const second = judge(two(['b', 'a']), { generation: 2, status: { ...first } }, later);
    for (const { conditions } of second.listeners) {
      for (const { lastTransitionTime } of conditions) expect(lastTransitionTime).toBe('2026-01-01T12:00:00Z');
    }
  });
});
