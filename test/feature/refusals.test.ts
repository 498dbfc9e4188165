import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deployments, httpRoutes, services, stickyWorkloads } from '../../src/kube/resources.ts';
import { deployment, namespace, stickyWorkload } from '../support/operator-objects.ts';
import { createOperatorWorld, createServingWorld, type OperatorWorld } from '../support/operator-world.ts';
import type { ShortWorkload } from '../support/world.ts';

let world: OperatorWorld;
afterEach(() => world.stop());

const onlySaid = ['apply MutatingWebhookConfiguration holdfast', 'apply status of StickyWorkload shop/cart'];

describe('a new StickyWorkload that is not accepted', () => {
  type Refused = {
    sentence: string;
    spec: NonNullable<ShortWorkload['spec']>;
    ports?: { name?: string; containerPort: number }[];
    reason: string;
    message: string;
  };
  const refused: Refused[] = [
    {
      sentence: 'an unsupported field',
      spec: { scaleDown: { strategy: 'DrainFirst' } },
      reason: 'UnsupportedField',
      message: 'spec.scaleDown.strategy DrainFirst is not supported by this version: use TerminateAndHold',
    },
    {
      sentence: 'a missing target',
      spec: { targetRef: { kind: 'StatefulSet', name: 'cart' } },
      reason: 'TargetNotFound',
      message: 'StatefulSet cart does not exist',
    },
    {
      sentence: 'several ports and no port name',
      spec: {},
      ports: [
        { name: 'web', containerPort: 1 },
        { name: 'admin', containerPort: 2 },
      ],
      reason: 'TargetPortAmbiguous',
      message: 'web (1), admin (2)',
    },
    {
      sentence: 'an invalid regular expression',
      spec: { route: { matches: [{ path: { type: 'RegularExpression', value: '/(' } }] } },
      reason: 'InvalidRegex',
      message: 'spec.route.matches[0].path.value: "/("',
    },
  ];

  test.each(refused)(
    'with $sentence gets no objects, and its status has the reason',
    async ({ spec, ports, reason, message }) => {
      world = createOperatorWorld();
      await world.start();
      const changes = await world.after(() => {
        world.put(deployments, deployment('cart', ports));
        world.put(stickyWorkloads, stickyWorkload({ name: 'cart', spec }));
      });
      expect(changes).toEqual({ writes: onlySaid, events: [`Warning ${reason} cart`] });
      expect(world.condition('cart', 'Accepted')).toMatchObject({ status: 'False', reason });
      expect(world.condition('cart', 'Accepted')?.message).toContain(message);
      expect(world.condition('cart', 'Programmed')).toEqual({
        status: 'False',
        reason: 'NotAccepted',
        message: 'The spec was rejected; see condition Accepted. Nothing is served.',
      });
      expect(world.condition('cart', 'Ready')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    },
  );
});

describe('a served StickyWorkload that is no longer accepted', () => {
  beforeEach(async () => {
    ({ world } = await createServingWorld());
  });

  test('keeps its objects and its sessions', async () => {
    const before = [world.mustFind(services, 'cart'), world.mustFind(deployments, 'holdfast-holdfast')];
    const changes = await world.after(() =>
      world.editSpec(stickyWorkloads, 'cart', { scaleDown: { strategy: 'DrainFirst', maxDraining: '50%' } }),
    );
    expect(changes).toEqual({
      writes: ['apply status of StickyWorkload shop/cart'],
      events: ['Warning UnsupportedField cart'],
    });
    expect([world.mustFind(services, 'cart'), world.mustFind(deployments, 'holdfast-holdfast')]).toEqual(before);
    expect(world.condition('cart', 'Programmed')?.message).toContain(
      'The previously provisioned objects remain and keep serving sessions.',
    );
    expect(world.status('cart')).toMatchObject({ acceptingReplicas: 2, selector: 'app=cart' });
  });

  test('has its proxies put back as they were, for its sessions depend on them', async () => {
    await world.after(() => world.editSpec(stickyWorkloads, 'cart', { scaleDown: { strategy: 'DrainFirst' } }));
    const before = world.mustFind(deployments, 'holdfast-holdfast');
    const edited = { ...(before['spec'] as object), strategy: { type: 'Recreate' } };
    const changes = await world.after(() => world.editSpec(deployments, 'holdfast-holdfast', edited));
    expect(changes.writes).toContain('apply Deployment shop/holdfast-holdfast');
    expect(world.mustFind(deployments, 'holdfast-holdfast')['spec']).toMatchObject({
      strategy: { type: 'RollingUpdate' },
    });
  });

  test('is served again when the field is removed', async () => {
    await world.after(() => world.editSpec(stickyWorkloads, 'cart', { scaleDown: { strategy: 'DrainFirst' } }));
    const changes = await world.after(() =>
      world.editSpec(stickyWorkloads, 'cart', { scaleDown: { strategy: 'TerminateAndHold', maxDraining: '50%' } }),
    );
    expect(changes).toEqual({
      writes: ['apply status of StickyWorkload shop/cart'],
      events: ['Normal Accepted cart', 'Normal GatewayAPIMissing cart', 'Normal Ready cart'],
    });
  });
});

describe('two StickyWorkloads that claim the same', () => {
  beforeEach(async () => {
    ({ world } = await createServingWorld());
  });

  const rival = { name: 'rival', createdAt: '2026-01-01T00:01:00Z' };

  test('target: the older one keeps it, and the younger one is rejected with the name of the older', async () => {
    const changes = await world.after(() =>
      world.put(
        stickyWorkloads,
        stickyWorkload({ ...rival, spec: { targetRef: { kind: 'Deployment', name: 'cart' } } }),
      ),
    );
    expect(changes).toEqual({
      writes: ['apply status of StickyWorkload shop/rival'],
      events: ['Warning TargetConflict rival'],
    });
    expect(world.condition('rival', 'Accepted')?.message).toContain(
      'StickyWorkload cart is older and claims Deployment cart',
    );
    expect(world.cluster.find(services, { namespace, name: 'rival' })).toBeUndefined();
    expect(world.condition('cart', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('target: the younger one gets it when the older one is deleted', async () => {
    await world.after(() =>
      world.put(
        stickyWorkloads,
        stickyWorkload({ ...rival, spec: { targetRef: { kind: 'Deployment', name: 'cart' } } }),
      ),
    );
    const changes = await world.after(() => world.cluster.remove(stickyWorkloads, { namespace, name: 'cart' }));
    expect(changes.writes).toEqual([
      'apply Service shop/rival',
      'apply ServiceAccount shop/holdfast-holdfast',
      'apply Deployment shop/holdfast-holdfast',
      // The Gateway that both need was applied before: its new owner changes nothing that the status reports.
      'apply status of StickyWorkload shop/rival',
      'apply Service shop/holdfast-holdfast',
      'apply PodDisruptionBudget shop/holdfast-holdfast',
    ]);
    expect(world.cluster.all(httpRoutes)).toEqual([]);
  });

  test('cookie: each would end the sessions of the other', async () => {
    const changes = await world.after(() =>
      world.putWorkload({ ...rival, spec: { sessionPersistence: { cookie: { name: 'cart-session' } } } }),
    );
    expect(changes).toEqual({
      writes: ['apply MutatingWebhookConfiguration holdfast', 'apply status of StickyWorkload shop/rival'],
      events: ['Warning CookieConflict rival'],
    });
  });
});
