import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pods, stickyWorkloads } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { pod, stickyWorkload } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;

beforeEach(async () => {
  ({ world, operator } = await createServingWorld());
});
afterEach(() => world.stop());

const backends = () => Object.keys(operator.translations.table('shop/holdfast')?.table.backends ?? {});

/** The API server refuses such a spec: it stands for one on which the operator has a defect. */
const broken = { drain: { timeout: 5 } };

describe('a StickyWorkload that cannot be translated', () => {
  test('has a condition and an event, and does not delay others', async () => {
    world.put(stickyWorkloads, {
      ...stickyWorkload({ name: 'odd' }),
      spec: { ...(stickyWorkload({ name: 'odd' })['spec'] as object), ...broken },
    });
    world.putWorkload({ name: 'till' });
    world.putPods('till', ['till-a']);
    await world.settle();
    expect(backends()).toEqual(['shop/cart', 'shop/till']);
    expect(world.condition('odd', 'Accepted')).toMatchObject({ status: 'False', reason: 'TranslationFailed' });
    expect(world.condition('odd', 'Ready')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    expect(world.condition('till', 'Accepted')).toMatchObject({ status: 'True' });
    expect(world.takeChanges().events).toContain('Warning TranslationFailed odd');
  });

  test('stays in effect as it was, until it can be translated again', async () => {
    const { spec } = world.mustFind(stickyWorkloads, 'cart');
    world.editSpec(stickyWorkloads, 'cart', broken);
    await world.settle();
    expect(backends()).toEqual(['shop/cart']);
    expect(world.condition('cart', 'Accepted')).toMatchObject({ status: 'False', reason: 'TranslationFailed' });
    expect(world.status('cart').acceptingReplicas).toBe(2);
    world.editSpec(stickyWorkloads, 'cart', spec as object);
    await world.settle();
    expect(world.condition('cart', 'Accepted')).toMatchObject({ status: 'True', reason: 'Accepted' });
  });
});

test('a pod that cannot be read does not stop the watch of the others', async () => {
  const odd = pod({ name: 'odd', of: 'cart-1', app: 'cart' });
  world.put(pods, { ...odd, spec: { containers: 5 } });
  world.putPods('cart', ['cart-a', 'cart-b', 'cart-c']);
  await world.settle();
  const { endpoints = [] } = operator.translations.table('shop/holdfast')?.table.backends['shop/cart'] ?? {};
  expect(endpoints.map((endpoint) => endpoint.pod)).toContain('cart-c');
});
