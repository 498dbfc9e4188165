import { afterEach, expect, test } from '@jest/globals';
import { pods, statefulSets } from '../../src/kube/resources.ts';
import { namespace, statefulSet } from '../support/operator-objects.ts';
import { createStatefulWorld, type OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld } from '../support/reporting-proxy.ts';

let world: OperatorWorld;
afterEach(() => world.stop());

/** Pod cart-1 terminates with three sessions. */
async function drainWithSessions() {
  const reported = await createReportedWorld(createStatefulWorld);
  world = reported.world;
  world.cluster.addToken('sidecar-1', {
    username: 'system:serviceaccount:shop:default',
    podName: 'cart-1',
    podUid: 'uid-cart-1',
  });
  await reported.report({ 'cart-1': 3 });
  await world.after(() => world.terminate('cart-1'));
  await reported.report({ 'cart-1': 3 }, 'Draining');
  return reported;
}

const noteOf = (reason: string) =>
  world.cluster.events().find((event) => event.reason === reason && event.regarding.kind === 'Pod')?.note;

test('the sessions of a force-deleted pod wait for the next pod of its name', async () => {
  await drainWithSessions();
  await world.after(() => world.cluster.remove(pods, { namespace, name: 'cart-1' }));
  expect(noteOf('DrainBroken')).toMatch(/ These sessions wait for the next pod of this name[.]$/);
});

test('the sessions of a force-deleted pod are lost if the StatefulSet has no pod of its name any more', async () => {
  await drainWithSessions();
  await world.after(() => world.put(statefulSets, statefulSet('cart', 1)));
  await world.after(() => world.cluster.remove(pods, { namespace, name: 'cart-1' }));
  expect(noteOf('DrainBroken')).toMatch(/ These sessions are lost; their clients get new ones[.]$/);
});

test('the sessions that remain at the deadline wait as well, and count as cut nowhere', async () => {
  const { client, operator } = await drainWithSessions();
  const summary = {
    reason: 'DrainDeadline',
    sessionsCut: 3,
    tookMs: 90_000,
    message: 'released with 3 sessions: late',
  };
  await client.call('POST', '/v1/drained', { token: 'sidecar-1', body: JSON.stringify(summary) });
  await world.settle();
  expect(noteOf('DrainDeadline')).toBe(
    'released with 3 sessions: late. These sessions wait for the next pod of this name.',
  );
  expect(Object.fromEntries(operator.counters.drains)).toEqual({ 'shop/cart/DrainDeadline': 1 });
  expect(Object.fromEntries(operator.counters.sessionsCut)).toEqual({ 'shop/cart/DrainDeadline': 0 });
});
