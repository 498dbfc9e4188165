import { expect, test } from '@jest/globals';
import { createRemovedPods } from '../../../../src/operator/gather/removed-pods.ts';

test('removed pods are listed by target, the newest first', () => {
  const removedPods = createRemovedPods();
  removedPods.record('shop/Deployment/cart', { name: 'pod-a', uid: 'a' }, 1);
  removedPods.record('shop/Deployment/cart', { name: 'pod-b', uid: 'b' }, 2);
  removedPods.record('shop/Deployment/chat', { name: 'pod-c', uid: 'c' }, 3);
  expect(removedPods.of('shop/Deployment/cart')).toEqual([
    { pod: 'pod-b', uid: 'b', atMs: 2 },
    { pod: 'pod-a', uid: 'a', atMs: 1 },
  ]);
  expect(removedPods.of('shop/Deployment/none')).toEqual([]);
});

test('a pod that failed before it was deleted is recorded once', () => {
  const removedPods = createRemovedPods();
  removedPods.record('t', { name: 'pod-a', uid: 'a' }, 1);
  removedPods.record('t', { name: 'pod-a', uid: 'a' }, 5);
  expect(removedPods.of('t')).toEqual([{ pod: 'pod-a', uid: 'a', atMs: 1 }]);
});

test('the oldest removed pods of a target are dropped above the limit', () => {
  const removedPods = createRemovedPods();
  for (let number = 0; number < 1005; number += 1) {
    removedPods.record('t', { name: `p${number}`, uid: `u${number}` }, number);
  }
  const uids = removedPods.of('t').map(({ uid }) => uid);
  expect(uids).toHaveLength(1000);
  expect([uids[0], uids.at(-1)]).toEqual(['u1004', 'u5']);
});
