import { expect, test } from '@jest/globals';
import { endpointId } from '../../../../src/core/session/token.ts';
import { createRemovedPods } from '../../../../src/operator/gather/removed-pods.ts';

test('pods that went, the newest first, each under its own target', () => {
  const removedEndpoints = createRemovedPods();
  removedEndpoints.record('shop/Deployment/cart', { uid: 'a' }, 1);
  removedEndpoints.record('shop/Deployment/cart', { uid: 'b' }, 2);
  removedEndpoints.record('shop/Deployment/chat', { uid: 'c' }, 3);
  expect(removedEndpoints.of('shop/Deployment/cart')).toEqual([
    { id: endpointId('b'), uid: 'b', atMs: 2 },
    { id: endpointId('a'), uid: 'a', atMs: 1 },
  ]);
  expect(removedEndpoints.of('shop/Deployment/none')).toEqual([]);
});

test('a pod goes once: that it failed before it was deleted does not count twice', () => {
  const removedEndpoints = createRemovedPods();
  removedEndpoints.record('t', { uid: 'a' }, 1);
  removedEndpoints.record('t', { uid: 'a' }, 5);
  expect(removedEndpoints.of('t')).toEqual([{ id: endpointId('a'), uid: 'a', atMs: 1 }]);
});

test('the list is bounded: of a target with endless rollouts the oldest departures are forgotten', () => {
  const removedEndpoints = createRemovedPods();
  for (let number = 0; number < 1005; number += 1) removedEndpoints.record('t', { uid: `u${number}` }, number);
  const uids = removedEndpoints.of('t').map(({ uid }) => uid);
  expect(uids).toHaveLength(1000);
  expect([uids[0], uids.at(-1)]).toEqual(['u1004', 'u5']);
});
