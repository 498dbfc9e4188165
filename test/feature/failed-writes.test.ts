import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/ports.ts';
import {
  customResourceDefinitions,
  deployments,
  gateways,
  holdfastProxies,
  pods,
  secrets,
  services,
  stickyWorkloads,
} from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { AppError } from '../../src/platform/errors.ts';
import { eventually } from '../support/eventually.ts';
import { elsewhere, gateway, routeDefinition } from '../support/operator-objects.ts';
import { createOperatorWorld, createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
afterEach(() => world.stop());

const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'PATCH services/cart: no response', {
  source: 'kubernetes',
  retryable: true,
});
type Condition = { type: string; status: string; message: string; observedGeneration: number };

const refusal = new AppError('KUBERNETES_FORBIDDEN', 'PATCH services/cart: 403 Forbidden: exceeded quota: services', {
  source: 'kubernetes',
  retryable: false,
});

describe('a write with a retryable error', () => {
  beforeEach(async () => {
    ({ world } = await createServingWorld());
  });

  test('is retried with exponential backoff', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Service', error: unavailable, times: 2 });
    world.editSpec(services, 'cart', { selector: { app: 'other' } });
    // The edit is translated after 10 ms; then the waits are at least 250 ms and 500 ms, half of the maximum with jitter.
    await world.clock.advance(10 + 250 + 500 - 1);
    expect(world.takeChanges()).toEqual({ writes: [], events: [] });
    await world.clock.advance(1);
    expect(world.takeChanges()).toEqual({ writes: ['apply Service shop/cart'], events: [] });
    expect(
      world.logger
        .lines()
        .filter(({ message }) => message === 'work failed')
        .map(({ fields }) => fields),
    ).toEqual([
      { key: 'shop/cart', attempt: 1, waitMs: 250, error: unavailable.message },
      { key: 'shop/cart', attempt: 2, waitMs: 500, error: unavailable.message },
    ]);
  });

  test('is reported in the status from the third failure on, until it succeeds', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Service', error: unavailable, times: 4 });
    world.editSpec(services, 'cart', { selector: { app: 'other' } });
    await world.clock.advance(10 + 250 + 499);
    expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
    await world.clock.advance(1 + 999);
    expect(world.takeChanges()).toEqual({
      writes: ['apply status of StickyWorkload shop/cart'],
      events: ['Warning ApplyFailed cart'],
    });
    expect(world.condition('cart', 'Programmed')).toEqual({
      status: 'False',
      reason: 'ApplyFailed',
      message: `${unavailable.message}. The write will be retried.`,
    });
    await world.clock.advance(5000);
    expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'True' });
    expect(world.takeChanges().events).toEqual(['Normal GatewayAPIMissing cart', 'Normal Ready cart']);
  });

  test('is retried at once when a related object changes', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Service', error: unavailable });
    world.editSpec(services, 'cart', { selector: { app: 'other' } });
    await world.clock.advance(30);
    world.editSpec(services, 'cart', { selector: { app: 'another' } });
    await world.clock.advance(30);
    expect(world.takeChanges()).toEqual({ writes: ['apply Service shop/cart'], events: [] });
  });
});

describe('an object that cannot be written for a while', () => {
  beforeEach(async () => {
    world = createOperatorWorld();
    await world.start();
  });
  const writesOfFirstAttempt = async (kind: string): Promise<string[]> => {
    world.cluster.fail({ verb: 'apply', kind, error: unavailable, times: 100 });
    return (await world.after(() => world.putWorkload({ name: 'cart' }))).writes;
  };

  test('keeps no other object of its owner from being written', async () => {
    expect(await writesOfFirstAttempt('Service')).toEqual(
      expect.arrayContaining([
        'apply ServiceAccount shop/holdfast-holdfast',
        'apply Deployment shop/holdfast-holdfast',
        'apply PodDisruptionBudget shop/holdfast-holdfast',
      ]),
    );
  });

  test('keeps the Deployment from being written if it is its ServiceAccount', async () => {
    const writes = await writesOfFirstAttempt('ServiceAccount');
    expect(writes).toContain('apply PodDisruptionBudget shop/holdfast-holdfast');
    expect(writes).not.toContain('apply Deployment shop/holdfast-holdfast');
  });

  test('keeps no status of another object from being written', async () => {
    const settings = (name: string): KubeObject => ({
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'HoldfastProxy',
      metadata: { namespace: 'shop', name, generation: 1 },
      spec: {},
    });
    world.cluster.fail({ verb: 'apply', kind: 'HoldfastProxy', error: unavailable });
    world.put(holdfastProxies, settings('one'), settings('two'));
    // One translation: a retry would come 250 ms later.
    await world.clock.advance(10);
    const written = world.cluster.all(holdfastProxies).filter((object) => object['status'] !== undefined);
    expect(written.map(({ metadata }) => metadata.name)).toContain('two');
  });
});

test('a retryable error that lasts is reported by the Gateway that a user manages, for its current generation', async () => {
  world = createOperatorWorld();
  world.put(customResourceDefinitions, routeDefinition('C'));
  await world.start();
  await world.after(() => world.put(gateways, elsewhere('shop', gateway('web'))));
  await world.after(() =>
    world.edit(deployments, 'web-holdfast', (object) => ({ ...object, status: { readyReplicas: 2 } })),
  );
  const programmed = () => {
    const { status } = world.mustFind(gateways, 'web') as KubeObject & { status: { conditions: Condition[] } };
    return status.conditions.find(({ type }) => type === 'Programmed');
  };
  expect(programmed()).toMatchObject({ status: 'True', observedGeneration: 1 });

  world.cluster.fail({ verb: 'apply', kind: 'Service', error: unavailable, times: 4 });
  world.edit(gateways, 'web', (object) => ({
    ...object,
    metadata: { ...object.metadata, generation: 2 },
    spec: { ...(object['spec'] as object), listeners: [{ name: 'http', port: 8080, protocol: 'HTTP' }] },
  }));
  await world.clock.advance(10 + 250 + 500 + 1);
  expect(programmed()).toMatchObject({ status: 'False', observedGeneration: 2, message: unavailable.message });
  await world.clock.advance(5000);
  expect(programmed()).toMatchObject({ status: 'True', observedGeneration: 2 });
});

test('master keys that cannot be created are created later, and nothing is reported as missing until then', async () => {
  world = createOperatorWorld();
  await world.start('operator-0');
  world.putWorkload({ name: 'cart' });
  world.cluster.remove(secrets, { namespace: 'holdfast-system', name: 'holdfast-session-keys' });
  world.cluster.fail({ verb: 'create', kind: 'Secret', error: unavailable });
  await world.settle();
  expect(world.status('cart')).toEqual({});
  await world.clock.advance(15_000);
  expect(world.takeChanges().writes).toContain('create Secret holdfast-system/holdfast-session-keys');
  expect(world.condition('cart', 'Programmed')).toMatchObject({ reason: 'ProxyNotReady' });
});

describe('each step of provisioning a StickyWorkload', () => {
  const steps: [verb: 'apply' | 'create', kind: string][] = [
    ['apply', 'MutatingWebhookConfiguration'],
    ['apply', 'Service'],
    ['apply', 'ServiceAccount'],
    ['apply', 'Deployment'],
    ['apply', 'PodDisruptionBudget'],
    ['apply', 'StickyWorkload'],
  ];
  test.each(steps)('%s %s may fail, and all objects are still applied', async (verb, kind) => {
    world = createOperatorWorld();
    await world.start();
    world.putWorkload({ name: 'cart' });
    world.cluster.fail({ verb, kind, error: unavailable });
    await world.clock.advance(2000);
    const { writes, events } = world.takeChanges();
    expect([...new Set(writes)].toSorted()).toEqual([
      'apply Deployment shop/holdfast-holdfast',
      'apply MutatingWebhookConfiguration holdfast',
      'apply PodDisruptionBudget shop/holdfast-holdfast',
      'apply Service shop/cart',
      'apply Service shop/holdfast-holdfast',
      'apply ServiceAccount shop/holdfast-holdfast',
      'apply status of StickyWorkload shop/cart',
      'create Lease holdfast-system/holdfast-operator',
      'create Secret holdfast-system/holdfast-ca',
      'create Secret holdfast-system/holdfast-session-keys',
    ]);
    expect(events).toEqual(['Normal Accepted cart', 'Normal ProxyNotReady cart']);
  });
});

describe('a write that the API server refuses', () => {
  beforeEach(async () => {
    world = createOperatorWorld();
    await world.start();
  });

  test('is reported in the status with the message of the API server, and all other objects are applied', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Service', error: refusal, times: 100 });
    const changes = await world.after(() => world.putWorkload({ name: 'cart' }));
    expect(new Set(changes.writes)).toEqual(
      new Set([
        'apply MutatingWebhookConfiguration holdfast',
        'apply ServiceAccount shop/holdfast-holdfast',
        'apply Deployment shop/holdfast-holdfast',
        'apply PodDisruptionBudget shop/holdfast-holdfast',
        'apply status of StickyWorkload shop/cart',
      ]),
    );
    expect(changes.events).toEqual(['Normal Accepted cart', 'Warning ApplyFailed cart']);
    expect(world.condition('cart', 'Programmed')).toEqual({
      status: 'False',
      reason: 'ApplyFailed',
      message: `${refusal.message}. The write will be retried.`,
    });
  });

  test('is retried although no watched object changed, because a quota may have grown', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Service', error: refusal, times: 12 });
    await world.after(() => world.putWorkload({ name: 'cart' }));
    expect(world.condition('cart', 'Programmed')).toMatchObject({ reason: 'ApplyFailed' });
    await world.clock.advance(10 * 60_000);
    expect(world.condition('cart', 'Programmed')).toMatchObject({ reason: 'ProxyNotReady' });
    expect(new Set(world.takeChanges().writes)).toEqual(
      new Set([
        'apply Service shop/cart',
        'apply Service shop/holdfast-holdfast',
        'apply status of StickyWorkload shop/cart',
      ]),
    );
  });
});

describe('the proxy of a namespace, which its StickyWorkloads share', () => {
  let operator: Operator;
  const writesOf = (kind: string) =>
    [...operator.counters.kubeWrites].flatMap(([key, times]) => (key.startsWith(`apply/${kind}/`) ? [times] : []));
  const quota = new AppError('KUBERNETES_FORBIDDEN', 'PATCH deployments/holdfast-holdfast: 403: exceeded quota: team', {
    source: 'kubernetes',
    retryable: false,
  });
  beforeEach(async () => {
    world = createOperatorWorld();
    operator = await world.start();
  });

  test('is written by the reconcile of its Gateway alone, once for any number of StickyWorkloads', async () => {
    await world.after(() => {
      for (const name of ['cart', 'chat', 'till']) world.putWorkload({ name });
    });
    expect(writesOf('Deployment')).toEqual([1]);
    expect(writesOf('ServiceAccount')).toEqual([1]);
    world.editSpec(deployments, 'holdfast-holdfast', { replicas: 7 });
    await world.settle();
    expect(writesOf('Deployment')).toEqual([2]);
  });

  test('that the API server refuses is reported by each of them, although none of them writes it', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Deployment', error: quota, times: 12 });
    await world.after(() => {
      for (const name of ['cart', 'chat']) world.putWorkload({ name });
    });
    for (const name of ['cart', 'chat']) {
      expect(world.condition(name, 'Programmed')).toMatchObject({
        reason: 'ApplyFailed',
        message: `${quota.message}. The write will be retried.`,
      });
    }
    // A quota is not watched.
    await world.clock.advance(10 * 60_000);
    for (const name of ['cart', 'chat']) {
      expect(world.condition(name, 'Programmed')?.reason).not.toBe('ApplyFailed');
    }
  });

  test('that cannot be written for a while is retried under the key of the Gateway', async () => {
    world.cluster.fail({ verb: 'apply', kind: 'Deployment', error: unavailable, times: 3 });
    world.putWorkload({ name: 'cart' });
    await world.clock.advance(10 + 250 + 500);
    expect(world.condition('cart', 'Programmed')).toMatchObject({ reason: 'ApplyFailed' });
    const failed = world.logger.lines().filter(({ message }) => message === 'work failed');
    expect(failed.map(({ fields }) => fields)).toEqual(
      failed.map(() => expect.objectContaining({ key: 'Gateway/shop/holdfast' })),
    );
    await world.clock.advance(5000);
    expect(world.condition('cart', 'Programmed')).toMatchObject({ reason: 'ProxyNotReady' });
  });
});

describe('an operator that cannot read the cluster at its start', () => {
  beforeEach(() => {
    world = createOperatorWorld();
    world.putWorkload({ name: 'cart' });
  });

  test('retries to load the certificate authority each second', async () => {
    world.cluster.fail({ verb: 'get', kind: secrets.kind, error: unavailable });
    const started = world.start();
    await world.clock.advance(999);
    expect(world.takeChanges()).toEqual({ writes: [], events: [] });
    await world.clock.advance(1);
    await started;
    expect(world.condition('cart', 'Accepted')).toMatchObject({ status: 'True' });
  });

  test.each([pods, services, stickyWorkloads])(
    'waits for the list of $kind objects before it writes anything else',
    async (resource) => {
      world.cluster.fail({ verb: 'list', kind: resource.kind, error: unavailable, times: 5 });
      const started = world.start();
      // Generating its keys takes real time.
      await eventually(
        () => world.cluster.all(secrets).length,
        (count) => count === 1,
      );
      // Five failures take 0.1, 0.2, 0.4, 0.8 and 1 s.
      await world.clock.advance(2400);
      expect(world.takeChanges()).toEqual({ writes: ['create Secret holdfast-system/holdfast-ca'], events: [] });
      await world.clock.advance(100);
      await started;
      expect(world.condition('cart', 'Accepted')).toMatchObject({ status: 'True' });
    },
  );
});
