import { afterEach, describe, expect, test } from '@jest/globals';
import { deployments, endpointSlices, pods, services } from '../../../../../src/kube/resources.ts';
import { buildSlices, type EndpointSlice } from '../../../controllers/network/slices.ts';
import type { Pod } from '../../../controllers/objects.ts';
import { asService } from '../../../controllers/objects.ts';
import type { World } from './world.ts';
import { deployment, startWorld } from './world.ts';

const service = (spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop', labels: { team: 'a' } },
  spec: {
    type: 'ClusterIP',
    selector: { app: 'web' },
    ports: [{ name: 'web', port: 80, targetPort: 'http', protocol: 'TCP' }],
    ...spec,
  },
});

describe('EndpointSlices', () => {
  let world: World;
  afterEach(() => world.stop());

  const slices = () => world.all(endpointSlices) as EndpointSlice[];
  const endpoints = () => slices().flatMap((slice) => slice.endpoints ?? []);

  async function start(replicas: number, spec: object = {}): Promise<void> {
    world = await startWorld();
    await world.create(services, service(spec));
    await world.create(deployments, deployment(replicas));
  }

  test('a slice has the pods with an address: node, identity, and the number of the named port', async () => {
    await start(2);
    expect(endpoints()).toEqual([]);
    await world.makeReady();
    expect(slices()).toHaveLength(1);
    expect(slices()[0]?.ports).toEqual([{ name: 'web', protocol: 'TCP', port: 8080 }]);
    expect(endpoints()).toHaveLength(2);
    for (const endpoint of endpoints()) {
      const pod = world.find(pods, endpoint.targetRef.name) as Pod;
      expect(endpoint).toEqual({
        addresses: [pod.status?.podIP],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: 'node',
        targetRef: { kind: 'Pod', namespace: 'shop', name: pod.metadata.name, uid: pod.metadata.uid },
      });
    }
  });

  test('a slice that another client changes or deletes is restored', async () => {
    await start(1);
    await world.makeReady();
    await world.patch(endpointSlices, slices()[0]?.metadata.name ?? '', { endpoints: [] });
    expect(endpoints()).toHaveLength(1);
    await world.remove(endpointSlices, slices()[0]?.metadata.name ?? '');
    expect(endpoints()).toHaveLength(1);
  });
});

describe('the slices of a Service', () => {
  const pod = (index: number, port = 8080): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, namespace: 'shop', uid: `uid-${index}`, labels: { app: 'web' } },
    spec: { containers: [{ name: 'app', ports: [{ name: 'http', containerPort: port }] }] },
    status: { phase: 'Running', podIP: `127.64.${index}.1` },
  });

  test('pods whose named port has another number are in another slice', () => {
    const slices = buildSlices(asService(service()), [pod(1), pod(2, 9090), pod(3)]);
    expect(slices.map(({ ports, endpoints }) => [ports?.[0]?.port, endpoints?.length])).toEqual([
      [8080, 2],
      [9090, 1],
    ]);
  });

  test('a Service without pods has an empty slice', () => {
    expect(buildSlices(asService(service()), [])).toMatchObject([{ endpoints: [], ports: [] }]);
  });
});
