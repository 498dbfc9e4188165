import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { endpointId } from '../../src/core/session/token.ts';
import { formatTime } from '../../src/core/names/format.ts';
import { deployments, endpointSlices, pods, replicaSets } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { namespace, slice } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;

beforeEach(async () => {
  ({ world, operator } = await createServingWorld());
});
afterEach(() => world.stop());

const backend = () => operator.translations.table('shop/holdfast')?.table.backends['shop/cart'];
const states = () => Object.fromEntries((backend()?.endpoints ?? []).map(({ pod, state }) => [pod, state]));
/** The drain deadline of a pod is this much earlier than the end of its grace period. */
const beforeKill = (name: string, ms: number): string =>
  formatTime(Date.parse(world.mustFind(pods, name).metadata.deletionTimestamp ?? '') - ms);
// The finalizer keeps sessions served if the StickyWorkload is deleted meanwhile; it exists only while a pod drains.
const finalizerAndStatus = ['apply StickyWorkload shop/cart', 'apply status of StickyWorkload shop/cart'];
/** Both pods begin to drain. */
const drainEvents = [
  'Normal PodTerminating cart',
  'Normal PodTerminating cart-a',
  'Normal PodTerminating cart',
  'Normal PodTerminating cart-b',
];
const afterGrace = (name: string) => world.cluster.remove(pods, { namespace, name });

test('a deleted pod is draining in the table within 10 ms, before its EndpointSlice changes', async () => {
  expect(states()).toEqual({ 'cart-a': 'Accepting', 'cart-b': 'Accepting' });
  world.terminate('cart-a');
  await world.clock.advance(10);
  expect(states()).toEqual({ 'cart-a': 'Draining', 'cart-b': 'Accepting' });
});

test('the deadline of a draining pod is in the status and in an event', async () => {
  const changes = await world.after(() => world.terminate('cart-a'));
  expect(changes).toEqual({
    writes: finalizerAndStatus,
    events: ['Normal PodTerminating cart', 'Normal PodTerminating cart-a'],
  });
  // The grace period of 3640 s is the drain timeout of an hour plus the margins.
  const deadline = beforeKill('cart-a', 40_000);
  expect(world.status('cart')).toMatchObject({
    acceptingReplicas: 1,
    drainingReplicas: 1,
    endpoints: [
      { pod: 'cart-a', state: 'Draining', reason: 'PodTerminating', deadline },
      { pod: 'cart-b', state: 'Accepting' },
    ],
  });
  expect(world.condition('cart', 'Draining')).toMatchObject({ status: 'True', reason: 'PodTerminating' });
  expect(world.condition('cart', 'Ready')).toMatchObject({ status: 'True' });
  expect(world.cluster.events().find(({ reason }) => reason === 'PodTerminating')?.note).toBe(
    `Pod cart-a keeps its sessions and gets no new sessions; it terminates when they have ended, or at ${deadline} at the latest.`,
  );
});

test('a second delete with a shorter grace period moves the deadline', async () => {
  await world.after(() => world.terminate('cart-a'));
  const changes = await world.after(() => world.terminate('cart-a', 60));
  expect(changes).toEqual({
    writes: ['apply status of StickyWorkload shop/cart'],
    events: ['Warning DrainLimited cart'],
  });
  expect(world.status('cart').effectiveDrainLimit).toEqual({
    duration: '30s',
    limitedBy: 'DeletedWithShorterGrace cart-a',
  });
  // The app's 30 s precede the end of the grace period.
  expect(world.status('cart').endpoints?.[0]?.deadline).toBe(beforeKill('cart-a', 30_000));
});

test('a pod that has left its EndpointSlice stays in the table until it is removed', async () => {
  world.terminate('cart-a');
  await world.after(() => world.put(endpointSlices, slice('cart', ['cart-b'])));
  expect(states()).toEqual({ 'cart-a': 'Draining', 'cart-b': 'Accepting' });
});

test('the tables list a deleted pod under removedEndpoints while its EndpointSlice still names it', async () => {
  await world.after(() => world.terminate('cart-a'));
  const atMs = world.clock.nowMs();
  const changes = await world.after(() => afterGrace('cart-a'));
  expect(states()).toEqual({ 'cart-b': 'Accepting' });
  expect(backend()?.removedEndpoints).toEqual([{ id: endpointId('uid-cart-a'), uid: 'uid-cart-a', atMs: atMs + 200 }]);
  expect(changes).toEqual({ writes: finalizerAndStatus, events: [] });
  expect(world.status('cart')).toMatchObject({ acceptingReplicas: 1, drainingReplicas: 0 });
});

test('a StickyWorkload whose pods all drain accepts no new sessions and reports it', async () => {
  const changes = await world.after(() => {
    world.terminate('cart-a');
    world.terminate('cart-b');
  });
  expect(changes).toEqual({
    writes: finalizerAndStatus,
    events: ['Warning NoPodsAccepting cart', ...drainEvents],
  });
});

test('the pods of a deleted Deployment stay in the table until they are removed', async () => {
  const changes = await world.after(() => {
    world.cluster.remove(deployments, { namespace, name: 'cart' });
    world.cluster.remove(replicaSets, { namespace, name: 'cart-1' });
    world.terminate('cart-a');
    world.terminate('cart-b');
  });
  expect(states()).toEqual({ 'cart-a': 'Draining', 'cart-b': 'Draining' });
  expect(changes).toEqual({
    writes: finalizerAndStatus,
    events: ['Warning TargetNotFound cart', ...drainEvents],
  });
  await world.after(() => afterGrace('cart-b'));
  expect(states()).toEqual({ 'cart-a': 'Draining' });
  expect(backend()?.removedEndpoints).toMatchObject([{ uid: 'uid-cart-b' }]);
});

test('pods of a recreated Deployment are served beside pods that still drain', async () => {
  await world.after(() => {
    world.cluster.remove(deployments, { namespace, name: 'cart' });
    world.cluster.remove(replicaSets, { namespace, name: 'cart-1' });
    world.terminate('cart-a');
    world.terminate('cart-b');
  });
  await world.after(() => {
    world.putWorkload({ name: 'cart' });
    world.putPods('cart', ['cart-c']);
  });
  expect(states()).toEqual({ 'cart-a': 'Draining', 'cart-b': 'Draining', 'cart-c': 'Accepting' });
});
