import { expect, test } from '@jest/globals';
import { renderService } from '../../../../src/core/render/proxy-service.ts';

const addressOf = (clusterIps?: string[], type: 'ClusterIP' | 'LoadBalancer' = 'ClusterIP') => {
  const service = renderService(
    { name: 'web-holdfast', namespace: 'shop', labels: {} },
    {
      ports: [{ port: 80, protocol: 'HTTP' }],
      selector: {},
      settings: { type },
      ips: ['10.96.0.7'],
      existing: clusterIps && { clusterIps },
    },
  );
  const { clusterIP, loadBalancerIP } = (service as { spec?: Record<string, unknown> }).spec ?? {};
  return clusterIP ?? loadBalancerIP;
};

test('a Service gets the address that its Gateway asks for when it is created', () => {
  expect(addressOf()).toBe('10.96.0.7');
  expect(addressOf(['10.96.0.7'])).toBe('10.96.0.7');
});

test('one that exists with another cluster IP keeps it, as the API server refuses a change', () => {
  expect(addressOf(['10.96.0.1'])).toBeUndefined();
});

test('one of type LoadBalancer gets it as the address of the load balancer, also later', () => {
  expect(addressOf(['10.96.0.1'], 'LoadBalancer')).toBe('10.96.0.7');
});

test('a port keeps its name when its protocol changes: until the EndpointSlices have the new name, clients would be refused', () => {
  const portsOf = (protocol: string) => {
    const ports = [80, 8443].map((port) => ({ port, protocol }));
    const input = { ports, selector: {}, settings: { type: 'ClusterIP' as const }, ips: [], existing: undefined };
    const { spec } = renderService({ name: 'web-holdfast', namespace: 'shop', labels: {} }, input) as unknown as {
      spec: { ports: { name: string; appProtocol: string }[] };
    };
    return spec.ports.map(({ name, appProtocol }) => ({ name, appProtocol }));
  };
  expect(portsOf('HTTP')).toEqual([
    { name: 'http', appProtocol: 'http' },
    { name: 'port-8443', appProtocol: 'http' },
  ]);
  expect(portsOf('HTTPS')).toEqual([
    { name: 'http', appProtocol: 'https' },
    { name: 'port-8443', appProtocol: 'https' },
  ]);
});
