import { expect, test } from '@jest/globals';
import { createLedger } from '../../../../src/core/count/ledger.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { confirmedKeys } from '../../../../src/operator/keys/confirmed-keys.ts';
import { snapshotOf } from '../../../support/world.ts';

test('a rotation waits for the proxies of every Gateway with sessions, but for none whose Gateway is deleted', () => {
  const proxiesAskedWith = (gateways: string[]) => {
    const translation = translate(
      snapshotOf({
        workloads: [{ name: 'cart', spec: { route: { kind: 'None' } } }],
        targets: [{ name: 'cart', labels: { app: 'cart' } }],
        services: [{ name: 'cart', ownerUids: [], selector: { app: 'cart' } }],
        httpRoutes: [
          {
            name: 'front',
            ownerUids: [],
            spec: {
              parentRefs: [{ name: 'web' }, { name: 'edge' }],
              rules: [{ name: 'all', backendRefs: [{ name: 'cart', port: 80 }] }],
            },
          },
        ],
        gateways: gateways.map((name) => ({ name })),
        pods: ['web', 'edge'].map((gateway) => ({ name: `${gateway}-1`, gateway, of: 'none' })),
      }),
    );
    expect(Object.keys(translation.tables['shop/edge']?.backends ?? {})).toEqual(['shop/cart:80@shop/front/all']);
    return confirmedKeys({ translation }, createLedger(), 0).map(({ uid }) => uid);
  };
  expect(proxiesAskedWith(['web', 'edge'])).toHaveLength(2);
  expect(proxiesAskedWith(['web'])).toEqual(['uid-web-1']);
});
