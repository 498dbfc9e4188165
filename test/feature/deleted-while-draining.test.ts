import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { formatTime } from '../../src/core/names/format.ts';
import { deployments, pods, services, stickyWorkloads } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { AppError } from '../../src/platform/errors.ts';
import { namespace } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;
beforeEach(async () => {
  ({ world, operator } = await createServingWorld());
});
afterEach(() => world.stop());

const cart = () => world.cluster.find(stickyWorkloads, { namespace, name: 'cart' });
const finalizers = () => cart()?.metadata.finalizers ?? [];
const states = () =>
  Object.fromEntries(
    (operator.translations.table('shop/holdfast')?.table.backends['shop/cart']?.endpoints ?? []).map(
      ({ pod, state }) => [pod, state],
    ),
  );
const deleteCart = () => {
  world.cluster.remove(stickyWorkloads, { namespace, name: 'cart' });
  world.cluster.collectGarbage();
};
const endPod = (name: string) => world.cluster.remove(pods, { namespace, name });
/** All objects that its sessions need. */
const isServed = () =>
  [
    world.cluster.find(services, { namespace, name: 'cart' }),
    operator.translations.table('shop/holdfast')?.table.backends['shop/cart']?.sessions,
    world.cluster.find(deployments, { namespace, name: 'holdfast-holdfast' }),
  ].every((object) => object !== undefined);

test('a StickyWorkload has the finalizer only while a pod drains', async () => {
  expect(finalizers()).toEqual([]);
  await world.after(() => world.terminate('cart-a'));
  expect(finalizers()).toEqual(['holdfast.dev/drain']);
  await world.after(() => endPod('cart-a'));
  expect(finalizers()).toEqual([]);
  expect(isServed()).toBe(true);
});

test('a StickyWorkload without draining pods is deleted immediately', async () => {
  await world.after(deleteCart);
  expect(cart()).toBeUndefined();
  expect(isServed()).toBe(false);
});

test('a deleted StickyWorkload is served until its draining pod is removed, and reports it', async () => {
  await world.after(() => world.terminate('cart-a'));
  const killAt = world.mustFind(pods, 'cart-a').metadata.deletionTimestamp;
  const changes = await world.after(deleteCart);
  expect(changes).toEqual({ writes: ['apply status of StickyWorkload shop/cart'], events: ['Warning Deleting cart'] });
  expect(isServed()).toBe(true);
  expect(states()).toEqual({ 'cart-a': 'Draining', 'cart-b': 'Accepting' });
  expect(world.condition('cart', 'Programmed')).toEqual({
    status: 'False',
    reason: 'Deleting',
    message: `StickyWorkload cart is being deleted; waiting for 1 pod to finish draining (cart-a), until ${killAt} at the latest. It is no longer reconciled.`,
  });

  const end = await world.after(() => endPod('cart-a'));
  expect(end).toEqual({
    writes: ['apply StickyWorkload shop/cart', 'apply MutatingWebhookConfiguration holdfast'],
    events: [],
  });
  expect(cart()).toBeUndefined();
  world.cluster.collectGarbage();
  expect(isServed()).toBe(false);
});

test('a StickyWorkload that is being deleted does not get its Service restored', async () => {
  await world.after(() => world.terminate('cart-a'));
  await world.after(deleteCart);
  const changes = await world.after(() =>
    world.edit(services, 'cart', (object) => ({ ...object, spec: { theirs: true } })),
  );
  expect(changes).toEqual({ writes: [], events: [] });
});

test('the last draining pod releases a deleted StickyWorkload, including pods that begin to drain later', async () => {
  await world.after(() => world.terminate('cart-a'));
  await world.after(deleteCart);
  await world.after(() => world.terminate('cart-b'));
  await world.after(() => endPod('cart-a'));
  expect(states()).toEqual({ 'cart-b': 'Draining' });
  await world.after(() => endPod('cart-b'));
  expect(cart()).toBeUndefined();
});

test('a pod that stays Terminating on a lost node holds its StickyWorkload no longer than its grace period', async () => {
  await world.after(() => world.terminate('cart-a', 100));
  await world.after(deleteCart);
  await world.clock.advance(90_000);
  expect(cart()).toBeDefined();
  await world.clock.advance(11_000);
  expect(cart()).toBeUndefined();
});

test('a Deployment with repeated rollouts holds a deleted StickyWorkload for one drain at most', async () => {
  await world.after(() => world.terminate('cart-a'));
  await world.after(deleteCart);
  await world.after(() => endPod('cart-a'));
  expect(cart()).toBeUndefined();

  world.putWorkload({ name: 'cart' });
  world.putPods('cart', ['cart-c', 'cart-d']);
  await world.settle();
  await world.after(() => world.terminate('cart-c'));
  const deletedAtMs = world.clock.nowMs();
  await world.after(deleteCart);
  // Half an hour later the next pod begins to drain, with more than an hour of its own.
  await world.clock.advance(1_800_000);
  await world.after(() => world.terminate('cart-d'));
  expect(world.condition('cart', 'Programmed')?.message).toContain(
    `until ${formatTime(deletedAtMs + 3_695_000)} at the latest`,
  );
  await world.clock.advance(1_900_000);
  expect(cart()).toBeUndefined();
});

test('a new leader continues the deletion of a StickyWorkload', async () => {
  await world.after(() => world.terminate('cart-a'));
  await world.after(deleteCart);
  await world.stop();
  operator = await world.start('operator-2');
  expect(cart()).toBeDefined();
  expect(states()).toMatchObject({ 'cart-a': 'Draining' });
  await world.after(() => endPod('cart-a'));
  expect(cart()).toBeUndefined();
});

test('a StickyWorkload that is deleted while the finalizer is added is not recreated', async () => {
  world.cluster.fail({
    verb: 'apply',
    kind: 'StickyWorkload',
    error: new AppError('KUBERNETES_UNAVAILABLE', 'no response', { source: 'kubernetes', retryable: true }),
  });
  await world.after(() => {
    world.terminate('cart-a');
  });
  world.cluster.remove(stickyWorkloads, { namespace, name: 'cart' });
  await world.clock.advance(60_000);
  expect(cart()).toBeUndefined();
});

test('an operator without permission for finalizers reports it and does all other work', async () => {
  const forbidden = new AppError('KUBERNETES_FORBIDDEN', 'PATCH stickyworkloads: forbidden', {
    source: 'kubernetes',
    retryable: false,
  });
  world.cluster.fail({ verb: 'apply', kind: 'StickyWorkload', error: forbidden });
  // It is rejected once; the next attempt, half a minute later, succeeds.
  const changes = await world.after(() => world.terminate('cart-a'));
  expect(changes.events).toContain('Warning ApplyFailed cart');
  expect(world.cluster.events().find(({ reason }) => reason === 'ApplyFailed')?.note).toBe(
    'PATCH stickyworkloads: forbidden. The write will be retried.',
  );
  expect(states()).toMatchObject({ 'cart-a': 'Draining' });
  await world.clock.advance(30_000);
  expect(finalizers()).toEqual(['holdfast.dev/drain']);
});
