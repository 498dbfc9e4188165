import { expect, test } from '@jest/globals';
import { projectPod } from '../../../../src/operator/gather/pods.ts';
import { pod } from '../../../support/operator-objects.ts';

const cart = pod({ name: 'cart-a', of: 'cart-1', app: 'cart' });
const costOf = (text: string | undefined): number | undefined => {
  const annotations = text === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': text };
  return projectPod({ ...cart, metadata: { ...cart.metadata, annotations } }).deletionCost;
};

test.each([
  ['0', 0],
  ['12', 12],
  ['-2147483648', -2_147_483_648],
  [undefined, undefined],
  ['', undefined],
  ['many', undefined],
  ['1.5', undefined],
])('the deletion cost %j of a pod is read as %j', (text, cost) => {
  expect(costOf(text)).toBe(cost);
});
