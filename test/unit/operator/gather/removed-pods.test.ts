import { expect, test } from '@jest/globals';
import { endpointId } from '../../../../src/core/session/token.ts';
import { createRemovedPods } from '../../../../src/operator/gather/removed-pods.ts';

test('removed pods are listed by target, the newest first', () => {
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

test('a pod that failed before it was deleted is recorded once', () => {
  const removedEndpoints = createRemovedPods();
  removedEndpoints.record('t', { uid: 'a' }, 1);
  removedEndpoints.record('t', { uid: 'a' }, 5);
  expect(removedEndpoints.of('t')).toEqual([{ id: endpointId('a'), uid: 'a', atMs: 1 }]);
});

test('the oldest removed pods of a target are dropped above the limit', () => {
  const removedEndpoints = createRemovedPods();
  for (let number = 0; number < 1005; number += 1) removedEndpoints.record('t', { uid: `u${number}` }, number);
  const uids = removedEndpoints.of('t').map(({ uid }) => uid);
  expect(uids).toHaveLength(1000);
  expect([uids[0], uids.at(-1)]).toEqual(['u1004', 'u5']);
});
