/** What a backend needs to be in a table, and which endpoints it has lost: neither is in the files that `holdfast translate` reads. */
import { expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import { keyRing, snapshotOf } from '../../../support/world.ts';

test('a backend without keys is left out, and its route stays, so that its requests reach no other app', () => {
  const { tables } = translate(
    snapshotOf({
      workloads: [{ name: 'cart', spec: { route: { matches: [{ path: { value: '/cart' } }] } } }, { name: 'all' }],
      targets: [{ name: 'cart' }, { name: 'all' }],
      keyRings: { 'shop/all': keyRing },
    }),
  );
  const { routes = [], backends = {} } = tables['shop/holdfast'] ?? {};
  expect(routes.map(({ match }) => match.path.value)).toEqual(['/cart', '/']);
  expect(Object.keys(backends)).toEqual(['shop/all']);
});

test('a removed pod is listed as such, and not as an endpoint, although its slice still has it', () => {
  const { backends } = translate(
    snapshotOf({
      workloads: [{ name: 'cart' }],
      targets: [{ name: 'cart' }],
      services: [{ name: 'cart' }],
      slices: [{ name: 'cart-1', endpoints: [{ pod: 'cart-d' }, { pod: 'cart-e' }] }],
      removedPods: { 'shop/cart': [{ pod: 'cart-e', uid: 'uid-cart-e', atMs: 5 }] },
    }),
  );
  expect(backends['shop/cart']?.endpoints.map(({ pod }) => pod)).toEqual(['cart-d']);
  expect(backends['shop/cart']?.removedEndpoints).toMatchObject([{ uid: 'uid-cart-e', atMs: 5 }]);
});
