import { expect, test } from '@jest/globals';
import { findRouteShortfall } from '../../../../src/core/route/shortfall.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const secret = { group: '', kind: 'Secret', namespace: 'shop', name: 'gone' };
const https = {
  name: 'https',
  protocol: 'HTTPS',
  port: 443,
  tls: { mode: 'Terminate', certificateRefs: [secret], options: [] },
};

/** shop/cart, with a parentRef to Gateway web. */
function judge(listeners: NonNullable<NonNullable<ShortWorld['gateways']>[number]['listeners']>) {
  const route = { parentRefs: [{ name: 'web' }] };
  const { accepts, routes, gateways } = translate(
    snapshotOf({
      workloads: [{ name: 'cart', spec: { route } }],
      targets: [{ name: 'cart' }],
      gateways: [{ name: 'web', listeners }],
      tlsSecrets: [],
    }),
  );
  const own = routes['shop/cart'];
  return { accept: accepts['shop/cart']?.kind, shortfall: own && findRouteShortfall(own, gateways) };
}

test('a StickyWorkload on a listener without its certificate is accepted, and its route lacks the listener', () => {
  const { accept, shortfall } = judge([https]);
  expect(accept).toBe('accepted');
  expect(shortfall?.reason).toBe('NoMatchingParent');
  expect(shortfall?.message).toMatch(
    /^spec\.route\.parentRefs: Gateway shop\/web has no usable listener\. .*gone.*The route is not served\.$/,
  );
});

test('a route that one listener of its Gateway serves lacks nothing', () => {
  expect(judge([https, { name: 'http' }])).toEqual({ accept: 'accepted', shortfall: undefined });
});
