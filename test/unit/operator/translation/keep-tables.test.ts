import { expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import { keepTables } from '../../../../src/operator/translation/keep-tables.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const tablesOf = (world: ShortWorld) => translate(snapshotOf(world)).tables;
const shop: ShortWorld = {
  workloads: [{ name: 'cart' }, { name: 'till', namespace: 'zoo' }],
  targets: [{ name: 'cart' }, { name: 'till', namespace: 'zoo' }],
};
const before = tablesOf(shop);

test('every table of an equal snapshot stays the same object', () => {
  const { tables, changed } = keepTables(tablesOf(shop), before);
  expect(changed).toEqual([]);
  expect(tables['shop/holdfast']).toBe(before['shop/holdfast']);
});

test.each<[string, ShortWorld, string[]]>([
  [
    'an added endpoint',
    {
      ...shop,
      pods: [{ name: 'cart-a', ip: '10.0.0.1' }],
      services: [{ name: 'cart' }],
      slices: [{ name: 's', endpoints: [{ pod: 'cart-a' }] }],
    },
    ['shop/holdfast'],
  ],
  [
    'a changed route',
    {
      ...shop,
      workloads: [
        { name: 'cart', spec: { route: { hostnames: ['a.com'] } } },
        { name: 'till', namespace: 'zoo' },
      ],
    },
    ['shop/holdfast'],
  ],
  ['changed keys', { ...shop, keyRings: {} }, ['shop/holdfast', 'zoo/holdfast']],
  ['an added Gateway', { ...shop, gateways: [{ name: 'web', namespace: 'infra' }] }, ['infra/web']],
  ['a deleted StickyWorkload', { workloads: [{ name: 'cart' }], targets: [{ name: 'cart' }] }, []],
])('%s changes only its own table', (_, world, changed) => {
  const kept = keepTables(tablesOf(world), before);
  expect(kept.changed).toEqual(changed);
  expect(kept.tables).toEqual(tablesOf(world));
});
