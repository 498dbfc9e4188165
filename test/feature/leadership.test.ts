import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { services } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { createServingWorld, provisioningWrites, type OperatorWorld } from '../support/operator-world.ts';

let world: OperatorWorld;
let first: Operator;
let second: Operator;

beforeEach(async () => {
  ({ world, operator: first } = await createServingWorld({ lease: 'real' }));
  second = await world.start('operator-2');
  world.takeChanges();
});
afterEach(() => world.stop());

const leaders = (): string[] => [
  ...(first.isLeader() ? ['operator-1'] : []),
  ...(second.isLeader() ? ['operator-2'] : []),
];
const editService = () => world.editSpec(services, 'cart', { selector: { app: 'other' } });
const isPutBack = () => JSON.stringify(world.mustFind(services, 'cart')['spec']).includes('"selector":{"app":"cart"}');

/** All writes except those of the Lease, which is renewed every two seconds. */
const realWrites = () =>
  world.takeChanges().writes.filter((write) => write !== 'update Lease holdfast-system/holdfast-operator');

/** Advances in steps of 100 ms until the second replica leads, and returns the time it took; at no step may both lead. */
async function untilSecondLeads(): Promise<number> {
  const startedMs = world.clock.nowMs();
  while (!second.isLeader()) {
    expect(leaders()).not.toContain('operator-2');
    if (world.clock.nowMs() - startedMs > 60_000) throw new Error('no replica took over within a minute');
    await world.clock.advance(100);
    expect(leaders().length).toBeLessThan(2);
  }
  return world.clock.nowMs() - startedMs;
}

test('only one of two replicas writes', async () => {
  expect(leaders()).toEqual(['operator-1']);
  editService();
  await world.settle();
  expect(isPutBack()).toBe(true);
  await world.clock.advance(60_000);
  expect(world.writers()).toEqual(['operator-1']);
  expect(realWrites()).toEqual(['apply Service shop/cart']);
});

test('two replicas publish the same table, so proxies may follow either', () => {
  const { table } = first.translations.table('shop/holdfast') ?? {};
  expect(table?.backends['shop/cart']?.endpoints).toHaveLength(2);
  expect(second.translations.table('shop/holdfast')?.table).toEqual(table);
});

test('a leader that stops hands over, and its successor repairs changes made in between', async () => {
  await world.stop('operator-1');
  world.takeChanges();
  editService();
  expect(await untilSecondLeads()).toBeLessThanOrEqual(4000);
  await world.settle();
  expect(isPutBack()).toBe(true);
  expect(realWrites()).toEqual(provisioningWrites);
});

test('a disconnected leader stops after 10 s and the other replica leads after 15 s, never both', async () => {
  world.cut('operator-1');
  await world.clock.advance(10_000);
  expect(leaders()).toEqual([]);
  world.takeChanges();
  editService();
  await world.settle();
  expect(isPutBack()).toBe(false);
  const tookMs = 10_200 + (await untilSecondLeads());
  expect(tookMs).toBeGreaterThan(13_000);
  expect(tookMs).toBeLessThanOrEqual(15_000 + 2000 + 200);
  await world.settle();
  expect(isPutBack()).toBe(true);
  expect(realWrites()).toEqual(provisioningWrites);
});

test('a replica that reconnects finds another leader and writes nothing, but serves its tables throughout', async () => {
  world.cut('operator-1');
  await untilSecondLeads();
  expect(first.translations.table('shop/holdfast')?.table.backends).toHaveProperty(['shop/cart']);
  world.mend('operator-1');
  await world.settle();
  world.takeChanges();
  editService();
  await world.clock.advance(60_000);
  expect(leaders()).toEqual(['operator-2']);
  expect(world.writers()).toEqual(['operator-2']);
  expect(realWrites()).toEqual(['apply Service shop/cart']);
});
