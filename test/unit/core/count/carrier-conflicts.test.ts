import { expect, test } from '@jest/globals';
import { describeConflict } from '../../../../src/core/count/carrier-conflicts.ts';

test.each([
  {
    conflict: { workload: 'shop/cart', carrierOf: 'shop/cart', type: 'Cookie', name: 'JSESSIONID' } as const,
    says: [
      'The app sets the cookie JSESSIONID, which carries the session tokens.',
      'Set spec.sessionPersistence.cookie.name to another name, or use sessionPersistence.type Application',
    ],
  },
  {
    conflict: { workload: 'shop/blog', carrierOf: 'shop/cart', type: 'Cookie', name: 'cart-session' } as const,
    says: [
      'which carries the session tokens of StickyWorkload shop/cart on the same host.',
      'Set spec.sessionPersistence.cookie.name of shop/cart to another name.',
    ],
  },
  {
    conflict: { workload: 'shop/rpc', carrierOf: 'shop/rpc', type: 'Header', name: 'X-Session' } as const,
    says: ['The app sets the header X-Session', 'Set spec.sessionPersistence.header.name to another name'],
  },
])('the event about $conflict.name names field and way out', ({ conflict, says }) => {
  for (const part of says) expect(describeConflict(conflict)).toContain(part);
  expect(describeConflict(conflict).length).toBeLessThan(1024);
});
