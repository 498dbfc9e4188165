import { describe, expect, test } from '@jest/globals';
import { oldestFirst, settlePolicies, type Dated } from '../../../../src/core/resolve/policy-conflicts.ts';

type Policy = Dated & { targets: string[] };
const policy = (name: string, targets: string[] = [], { day = 1, namespace = 'shop' } = {}): Policy => ({
  namespace,
  name,
  createdAt: `2026-01-0${day}T00:00:00Z`,
  targets,
});
const settle = (...policies: Policy[]) => {
  const { winners, conflicts } = settlePolicies(policies, ({ targets }) => targets);
  return {
    winners: Object.fromEntries([...winners].map(([target, { name }]) => [target, name])),
    conflicts: [...conflicts].map(([{ name }, { target, winner }]) => `${name} lacks ${target}, of ${winner.name}`),
  };
};

test('the oldest precedes, and of the same age the first by namespace and name', () => {
  const unsorted = [policy('b'), policy('c', [], { namespace: 'cafe' }), policy('a'), policy('z', [], { day: 0 })];
  expect(oldestFirst(unsorted).map(({ name }) => name)).toEqual(['z', 'c', 'a', 'b']);
});

describe('of several policies for one target', () => {
  test('the oldest applies, in whatever order they are listed', () => {
    const expected = { winners: { cart: 'z' }, conflicts: ['a lacks cart, of z'] };
    const [newer, older] = [policy('a', ['cart'], { day: 2 }), policy('z', ['cart'])];
    expect(settle(newer, older)).toEqual(expected);
    expect(settle(older, newer)).toEqual(expected);
  });

  test('one that lacks a target applies to its others', () => {
    const newer = policy('newer', ['menu', 'cart', 'front'], { day: 2 });
    expect(settle(newer, policy('older', ['cart', 'front']))).toEqual({
      winners: { cart: 'older', front: 'older', menu: 'newer' },
      conflicts: ['newer lacks cart, of older'],
    });
  });

  test('one does not conflict with itself', () => {
    expect(settle(policy('twice', ['cart', 'cart']))).toEqual({ winners: { cart: 'twice' }, conflicts: [] });
  });
});
