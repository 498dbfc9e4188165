/** EndpointSlices: their pods and their conditions. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, type Case } from '../case.ts';
import { pod, pods, service, services } from '../objects.ts';
import { count, forceAll, owners, run, slices, untilGone, untilItems, type Run } from './world.ts';

type Endpoint = { addresses: string[]; conditions: Fields; targetRef: Fields; nodeName?: string };

type World = {
  name: string;
  labels: { app: string };
  add(how?: Run): Promise<Body>;
  endpoints(fits: (endpoints: Endpoint[]) => boolean): Promise<Endpoint[]>;
};

/** A pod of a node that does not exist gets no endpoint. No other pod may be scheduled to this node. */
const nodes = new WeakMap<ConformanceApi, Promise<string>>();

async function createNode(api: ConformanceApi): Promise<string> {
  const { metadata } = await done(
    api.post('/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: uniqueName('node') },
      spec: { unschedulable: true },
    }),
  );
  api.deleteAtEnd(`/api/v1/nodes/${metadata.name}`);
  return metadata.name;
}

function nodeOf(api: ConformanceApi): Promise<string> {
  const known = nodes.get(api) ?? createNode(api);
  nodes.set(api, known);
  return known;
}

const endpointsOf = (items: Body[]): Endpoint[] => items.flatMap((slice) => (slice.endpoints ?? []) as Endpoint[]);

/** Runs `use` with a Service whose pods the case creates. */
async function withService(api: ConformanceApi, spec: Fields, use: (world: World) => Promise<void>): Promise<void> {
  const name = uniqueName('svc');
  const labels = { app: name };
  const node = await nodeOf(api);
  const containers = [{ name: 'app', image: 'a:1', ports: [{ name: 'web', containerPort: 8080 }] }];
  await done(
    api.post(services(api), service({ name }, { selector: labels, ports: [{ port: 80, targetPort: 'web' }], ...spec })),
  );
  try {
    await use({
      name,
      labels,
      add: async (how) =>
        run(api, await done(api.post(pods(api), pod({ name: uniqueName('pod'), labels }, { containers }))), {
          node,
          ...how,
        }),
      endpoints: async (fits) =>
        endpointsOf(
          await untilItems(api, slices(api), { 'kubernetes.io/service-name': name }, (items) =>
            fits(endpointsOf(items)),
          ),
        ),
    });
  } finally {
    await done(api.delete(services(api, name)));
    await forceAll(api, labels);
  }
}

const ready = { ready: true, serving: true, terminating: false };

export const endpointCases: Case[] = [
  {
    title: 'a Service has an EndpointSlice that it controls, with the ports that its pods name',
    run: (api) =>
      withService(api, {}, async ({ name, add, endpoints }) => {
        await add({ ip: '10.1.1.1' });
        await endpoints((found) => found.length === 1);
        const [slice] = await untilItems(api, slices(api), { 'kubernetes.io/service-name': name }, count(1));
        expect(slice).toMatchObject({
          addressType: 'IPv4',
          metadata: {
            labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
            generateName: `${name}-`,
          },
          ports: [{ name: '', port: 8080, protocol: 'TCP' }],
        });
        expect(slice && owners(slice)).toMatchObject([{ kind: 'Service', name, controller: true }]);
      }),
  },
  {
    title: 'a pod that is ready is ready and serving, with its name, uid and node',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        const { metadata } = await add({ ip: '10.1.1.2' });
        const [endpoint] = await endpoints((found) => found.length === 1);
        expect(endpoint).toMatchObject({
          addresses: ['10.1.1.2'],
          conditions: ready,
          nodeName: await nodeOf(api),
          targetRef: { kind: 'Pod', name: metadata.name, namespace: api.namespace, uid: metadata.uid },
        });
      }),
  },
  {
    title: 'a pod that is not ready is neither ready nor serving',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        await add({ ready: false });
        expect(await endpoints((found) => found.length === 1)).toMatchObject([
          { conditions: { ready: false, serving: false, terminating: false } },
        ]);
      }),
  },
  {
    title: 'a terminating pod that is still ready is serving and terminating, not ready',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        const { metadata } = await add();
        await endpoints((found) => found.length === 1);
        await done(api.delete(pods(api, metadata.name)));
        expect(await endpoints((found) => found[0]?.conditions.terminating === true)).toMatchObject([
          { conditions: { ready: false, serving: true, terminating: true } },
        ]);
      }),
  },
  {
    title: 'a terminating pod that is not ready is terminating only',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        const { metadata } = await add({ ready: false });
        await done(api.delete(pods(api, metadata.name)));
        expect(await endpoints((found) => found[0]?.conditions.terminating === true)).toMatchObject([
          { conditions: { ready: false, serving: false, terminating: true } },
        ]);
      }),
  },
  {
    title: 'with publishNotReadyAddresses every pod is ready, also a terminating one',
    run: (api) =>
      withService(api, { publishNotReadyAddresses: true }, async ({ add, endpoints }) => {
        const { metadata } = await add({ ready: false });
        expect(await endpoints((found) => found.length === 1)).toMatchObject([
          { conditions: { ready: true, serving: false, terminating: false } },
        ]);
        await done(api.delete(pods(api, metadata.name)));
        expect(await endpoints((found) => found[0]?.conditions.terminating === true)).toMatchObject([
          { conditions: { ready: true, serving: false, terminating: true } },
        ]);
      }),
  },
  {
    title: 'an endpoint becomes ready and unready as the condition of its pod does',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        const added = await add({ ready: false });
        await endpoints((found) => found[0]?.conditions.ready === false);
        await run(api, added);
        expect(await endpoints((found) => found[0]?.conditions.ready === true)).toMatchObject([{ conditions: ready }]);
      }),
  },
  {
    title: 'a pod without an address has no endpoint',
    run: (api) =>
      withService(api, {}, async ({ labels, add, endpoints }) => {
        await done(api.post(pods(api), pod({ name: uniqueName('pod'), labels })));
        const { metadata } = await add({ ip: '10.1.1.3' });
        expect((await endpoints((found) => found.length > 0)).map(({ targetRef }) => targetRef.name)).toEqual([
          metadata.name,
        ]);
      }),
  },
  {
    title: 'a pod that has succeeded has no endpoint',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        const added = await add();
        await endpoints((found) => found.length === 1);
        await run(api, added, { phase: 'Succeeded', ready: false });
        expect(await endpoints((found) => found.length === 0)).toEqual([]);
      }),
  },
  {
    title: 'a running pod whose labels no longer match has no endpoint',
    run: (api) =>
      withService(api, {}, async ({ add, endpoints }) => {
        const { metadata } = await add();
        await endpoints((found) => found.length === 1);
        await done(api.patch('merge', pods(api, metadata.name), { metadata: { labels: { app: 'other' } } }));
        expect(await endpoints((found) => found.length === 0)).toEqual([]);
        await done(api.delete(pods(api, metadata.name), { gracePeriodSeconds: 0 }));
      }),
  },
  {
    title: 'a Service without a selector gets no slice, one with a selector and no pods an empty one',
    run: (api) =>
      withService(api, {}, async ({ name, labels }) => {
        const bare = await done(api.post(services(api), service({ name: uniqueName('svc') }, { selector: null })));
        const [slice] = await untilItems(api, slices(api), { 'kubernetes.io/service-name': name }, count(1));
        expect((slice?.endpoints as unknown[] | null) ?? []).toEqual([]);
        expect(
          await untilItems(api, slices(api), { 'kubernetes.io/service-name': bare.metadata.name }, count(0)),
        ).toEqual([]);
        await done(api.delete(services(api, bare.metadata.name)));
        await forceAll(api, labels);
      }),
  },
  {
    title: 'the slices of a deleted Service are deleted',
    run: async (api) => {
      const { metadata } = await done(api.post(services(api), service()));
      const [slice] = await untilItems(api, slices(api), { 'kubernetes.io/service-name': metadata.name }, count(1));
      await done(api.delete(services(api, metadata.name)));
      await untilGone(api, slices(api, slice?.metadata.name ?? ''));
      expect((await api.get(slices(api, slice?.metadata.name ?? ''))).status).toBe(404);
    },
  },
];
