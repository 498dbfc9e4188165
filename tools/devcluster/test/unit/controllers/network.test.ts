import { afterEach, describe, expect, test } from '@jest/globals';
import { deployments, endpointSlices, nodes, pods, services } from '../../../../../src/kube/resources.ts';
import type { EndpointSlice, SliceSnapshot } from '../../../controllers/network/slice-decision.ts';
import { decideSlices } from '../../../controllers/network/slice-decision.ts';
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

  test('has the pods with an address: node, zone, identity, and the number of the named port', async () => {
    await start(2);
    expect(endpoints()).toEqual([]);
    await world.api.patch(nodes, { name: 'node' }, { metadata: { labels: { 'topology.kubernetes.io/zone': 'z1' } } });
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
        zone: 'z1',
      });
    }
  });

  test('what somebody changes or deletes is put back', async () => {
    await start(1);
    await world.makeReady();
    await world.patch(endpointSlices, slices()[0]?.metadata.name ?? '', { endpoints: [] });
    expect(endpoints()).toHaveLength(1);
    await world.remove(endpointSlices, slices()[0]?.metadata.name ?? '');
    expect(endpoints()).toHaveLength(1);
  });
});

describe('how endpoints are spread over slices', () => {
  const pod = (index: number, port = 8080): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${index}`, namespace: 'shop', uid: `uid-${index}`, labels: { app: 'web' } },
    spec: { containers: [{ name: 'app', ports: [{ name: 'http', containerPort: port }] }] },
    status: { phase: 'Running', podIPs: [{ ip: `127.64.${index}.1` }], podIP: `127.64.${index}.1` },
  });
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => pod(from + index));
  const snapshot = (all: Pod[], existing: EndpointSlice[] = []): SliceSnapshot => ({
    service: asService(service()),
    pods: all,
    nodes: [],
    slices: existing,
  });
  const named = (all: EndpointSlice[]) =>
    all.map((slice, index) => ({ ...slice, metadata: { ...slice.metadata, name: `slice-${index}` } }));
  const counts = (all: EndpointSlice[]) => all.map((slice) => slice.endpoints?.length ?? 0);

  test('100 in each', () => {
    expect(counts(decideSlices(snapshot(range(0, 250))).create)).toEqual([100, 100, 50]);
  });

  test('newcomers go where there is room; full slices are not written', () => {
    const existing = named(decideSlices(snapshot(range(0, 150))).create);
    const plan = decideSlices(snapshot(range(0, 160), existing));
    expect(plan.create).toEqual([]);
    expect(plan.update.map(({ metadata }) => metadata.name)).toEqual(['slice-1']);
    expect(counts(plan.update)).toEqual([60]);
  });

  test('who stays, stays where it is; a slice that is empty goes', () => {
    const existing = named(decideSlices(snapshot(range(0, 150))).create);
    const plan = decideSlices(snapshot(range(0, 99), existing));
    expect(counts(plan.update)).toEqual([99]);
    expect(plan.remove.map(({ metadata }) => metadata.name)).toEqual(['slice-1']);
  });

  test('a named port with another number in some pods makes slices of their own', () => {
    const plan = decideSlices(snapshot([pod(1), pod(2, 9090)]));
    expect(plan.create.map(({ ports }) => ports?.[0]?.port)).toEqual([8080, 9090]);
  });

  test('nothing changed, nothing written', () => {
    const existing = named(decideSlices(snapshot(range(0, 3))).create);
    expect(decideSlices(snapshot(range(0, 3), existing))).toEqual({ create: [], update: [], remove: [] });
  });

  test('both address families have slices of their own', () => {
    const both = { ...pod(1), status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }, { ip: 'fd00::1' }] } };
    expect(decideSlices(snapshot([both])).create.map(({ addressType }) => addressType)).toEqual(['IPv4', 'IPv6']);
  });
});
