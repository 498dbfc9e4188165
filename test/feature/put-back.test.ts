import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KubeObject, Resource } from '../../src/kube/ports.ts';
import {
  deployments,
  mutatingWebhookConfigurations,
  podDisruptionBudgets,
  serviceAccounts,
  services,
  stickyWorkloads,
} from '../../src/kube/resources.ts';
import { namespace } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;

beforeEach(async () => {
  ({ world } = await createServingWorld());
});
afterEach(() => world.stop());

const withSpec =
  (spec: object) =>
  (object: KubeObject): KubeObject => ({ ...object, spec: { ...(object['spec'] as object), ...spec } });
const withLabels =
  (labels: Record<string, string>) =>
  (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, labels } });

type Edit = {
  sentence: string;
  resource: Resource;
  name: string;
  change: (object: KubeObject) => KubeObject;
  writes: string[];
};

const undone: Edit[] = [
  {
    sentence: 'the selector of the Service',
    resource: services,
    name: 'cart',
    change: withSpec({ selector: { app: 'other' } }),
    writes: ['apply Service shop/cart'],
  },
  {
    sentence: 'labels of the Service',
    resource: services,
    name: 'cart',
    change: withLabels({}),
    writes: ['apply Service shop/cart'],
  },
  {
    sentence: 'the strategy of the proxy',
    resource: deployments,
    name: 'holdfast-holdfast',
    change: withSpec({ strategy: { type: 'Recreate' } }),
    writes: ['apply Deployment shop/holdfast-holdfast'],
  },
  {
    sentence: "the proxy's Service",
    resource: services,
    name: 'holdfast-holdfast',
    change: withSpec({ selector: {} }),
    writes: ['apply Service shop/holdfast-holdfast'],
  },
  {
    sentence: 'the budget for disruptions of the proxy',
    resource: podDisruptionBudgets,
    name: 'holdfast-holdfast',
    change: withSpec({ maxUnavailable: 5 }),
    writes: ['apply PodDisruptionBudget shop/holdfast-holdfast'],
  },
  {
    sentence: 'the ServiceAccount of the proxy',
    resource: serviceAccounts,
    name: 'holdfast-holdfast',
    change: (object) => ({ ...object, automountServiceAccountToken: true }),
    writes: ['apply ServiceAccount shop/holdfast-holdfast'],
  },
  {
    sentence: 'a condition of the StickyWorkload',
    resource: stickyWorkloads,
    name: 'cart',
    change: (object) => ({ ...object, status: { ...(object['status'] as object), conditions: [] } }),
    writes: ['apply status of StickyWorkload shop/cart'],
  },
  {
    sentence: 'the status of the StickyWorkload',
    resource: stickyWorkloads,
    name: 'cart',
    change: ({ status: _lost, ...object }) => object,
    writes: ['apply status of StickyWorkload shop/cart'],
  },
  {
    sentence: 'the webhooks',
    resource: mutatingWebhookConfigurations,
    name: 'holdfast',
    change: (object) => ({ ...object, webhooks: [] }),
    writes: ['apply MutatingWebhookConfiguration holdfast'],
  },
];

/** All fields that a user could have edited. */
const visible = (resource: Resource, name: string) => {
  const { metadata, status: _, ...declared } = world.mustFind(resource, name);
  return { ...declared, labels: metadata.labels, owners: metadata.ownerReferences };
};

test.each(undone)('an edit of $sentence is reverted with one write', async ({ resource, name, change, writes }) => {
  const before = visible(resource, name);
  expect(await world.after(() => world.edit(resource, name, change))).toEqual({ writes, events: [] });
  expect(visible(resource, name)).toEqual(before);
});

test.each(undone)(
  'an edit of $sentence while no operator runs is reverted by the next one',
  async ({ resource, name, change }) => {
    const before = visible(resource, name);
    await world.stop();
    world.edit(resource, name, change);
    await world.start('operator-2');
    expect(visible(resource, name)).toEqual(before);
  },
);

test('a deleted Service is recreated', async () => {
  expect(await world.after(() => world.cluster.remove(services, { namespace, name: 'cart' }))).toEqual({
    writes: [
      'apply Service shop/cart',
      'apply status of StickyWorkload shop/cart',
      'apply status of StickyWorkload shop/cart',
    ],
    // Without a Service there are no EndpointSlices, so it is unknown which pods are ready.
    events: ['Warning NoPodsAccepting cart', 'Normal Ready cart'],
  });
  expect(world.mustFind(services, 'cart')['spec']).toMatchObject({ selector: { app: 'cart' } });
});

test('a deleted proxy is recreated, and the status reports that it is not ready', async () => {
  const changes = await world.after(() => world.cluster.remove(deployments, { namespace, name: 'holdfast-holdfast' }));
  expect(changes).toEqual({
    writes: ['apply Deployment shop/holdfast-holdfast', 'apply status of StickyWorkload shop/cart'],
    events: ['Warning ProxyNotReady cart'],
  });
});

test('fields that others add to owned objects are kept', async () => {
  const annotated = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, annotations: { 'cloud.example/balancer': 'internal' } },
  });
  await world.after(() => world.edit(services, 'cart', annotated));
  expect(world.mustFind(services, 'cart').metadata.annotations).toEqual({ 'cloud.example/balancer': 'internal' });
  expect(await world.after(() => undefined)).toEqual({ writes: [], events: [] });
});

test("a status update by the object's own controller is not reverted", async () => {
  const rolledOut = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, annotations: { 'deployment.kubernetes.io/revision': '2' } },
    status: { readyReplicas: 2, observedGeneration: 3 },
  });
  expect(await world.after(() => world.edit(deployments, 'holdfast-holdfast', rolledOut))).toEqual({
    writes: [],
    events: [],
  });
});
