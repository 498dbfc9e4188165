import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { customResourceDefinitions, gateways, pods, stickyWorkloads } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { elsewhere, gateway, pod, routeDefinition, stickyWorkload } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let operator: Operator;

beforeEach(async () => {
  ({ world, operator } = await createServingWorld());
});
afterEach(() => world.stop());

const backends = () => Object.keys(operator.translations.table('shop/holdfast')?.table.backends ?? {});
const endpoints = () =>
  operator.translations.table('shop/holdfast')?.table.backends['shop/cart']?.endpoints.map((endpoint) => endpoint.pod);

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

describe('an object that its watch cannot read', () => {
  const faults = () => operator.translations.latest()?.faults.map(({ kind, name }) => `${kind} ${name}`);
  const listenersOf = (name: string) => operator.translations.table(`shop/${name}`)?.table.listeners.length;
  beforeEach(async () => {
    world.put(customResourceDefinitions, routeDefinition('C'));
    await world.settle();
    await world.after(() => world.put(gateways, elsewhere('shop', gateway('web'))));
  });

  test('stays in effect as it was, until it is deleted, and does not delay others', async () => {
    world.editSpec(gateways, 'web', { listeners: 5 });
    world.put(gateways, elsewhere('shop', gateway('later')));
    await world.settle();
    expect(world.takeChanges().events).toContain('Warning TranslationFailed web');
    expect([faults(), listenersOf('web'), listenersOf('later')]).toEqual([['Gateway web'], 1, 1]);
    world.cluster.remove(gateways, { namespace: 'shop', name: 'web' });
    await world.settle();
    expect([faults(), listenersOf('later')]).toEqual([[], 1]);
  });

  test('is not served if it was never read, also under the name of one that was', async () => {
    world.cluster.remove(gateways, { namespace: 'shop', name: 'web' });
    const { metadata, spec, ...again } = elsewhere('shop', gateway('web'));
    const unread = { ...(spec as object), listeners: 5 };
    world.put(gateways, { ...again, metadata: { ...metadata, uid: 'uid-of-another' }, spec: unread });
    await world.settle();
    expect([faults(), Object.keys(operator.translations.latest()?.translation.gateways ?? {})]).toEqual([
      ['Gateway web'],
      ['shop/holdfast'],
    ]);
    world.editSpec(gateways, 'web', { listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] });
    await world.settle();
    expect([faults(), listenersOf('web')]).toEqual([[], 1]);
  });

  test('is reported by an event if Holdfast writes no status of it', async () => {
    world.edit(pods, 'cart-a', (cart) => ({ ...cart, status: { conditions: 5 } }));
    await world.settle();
    expect(world.takeChanges().events).toEqual(['Warning TranslationFailed cart-a']);
    expect([faults(), endpoints()]).toEqual([['Pod cart-a'], ['cart-a', 'cart-b']]);
  });

  test('is restored if Holdfast owns it', async () => {
    await world.after(() => world.editSpec(gateways, 'holdfast', { listeners: 5 }));
    expect(world.mustFind(gateways, 'holdfast')['spec']).toMatchObject({ listeners: [{ name: 'http' }] });
    expect(faults()).toEqual([]);
  });
});

test('a pod that cannot be read does not stop the watch of the others', async () => {
  const odd = pod({ name: 'odd', of: 'cart-1', app: 'cart' });
  world.put(pods, { ...odd, status: { conditions: 5 } });
  world.putPods('cart', ['cart-a', 'cart-b', 'cart-c']);
  await world.settle();
  expect(world.logger.lines()).toContainEqual(expect.objectContaining({ message: 'object not read' }));
  expect(endpoints()).toContain('cart-c');
});
