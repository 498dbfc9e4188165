import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { CarrierConflict, Report } from '../../src/wire/messages.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld } from '../support/reporting-proxy.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let client: TlsClient;
let sequence = 0;

beforeEach(async () => {
  ({ world, client } = await createReportedWorld());
  world.takeChanges();
});
afterEach(() => world.stop());

const cart: CarrierConflict = { workload: 'shop/cart', carrierOf: 'shop/cart', type: 'Cookie', name: 'cart-session' };

async function report(conflicts: object[]): Promise<number> {
  const body: Omit<Report, 'conflicts'> & { conflicts: object[] } = {
    startedAtMs: 1,
    sequence: (sequence += 1),
    endpoints: [],
    ended: [],
    seen: [],
    conflicts,
  };
  return (await client.call('POST', '/v1/report', { token: 'proxy', body: JSON.stringify(body) })).status;
}

test('an app that sets the cookie of its session tokens is an event at its StickyWorkload, with each report', async () => {
  for (const repeat of [1, 2]) {
    expect(await report([cart])).toBe(200);
    expect([repeat, world.takeChanges().events]).toEqual([repeat, ['Warning CarrierConflict cart']]);
  }
});

test.each([
  {
    sentence: 'of a StickyWorkload that is not on the Gateway of the proxy',
    conflict: { ...cart, workload: 'bank/ledger' },
  },
  { sentence: 'with a carrier that no route has', conflict: { ...cart, name: 'Your cluster is on fire' } },
  { sentence: 'with a carrier of another type', conflict: { ...cart, type: 'Header' } },
  { sentence: 'with the carrier of an unknown StickyWorkload', conflict: { ...cart, carrierOf: 'shop/car' } },
])('a conflict $sentence is no event', async ({ conflict }) => {
  expect(await report([conflict])).toBe(200);
  expect(world.takeChanges().events).toEqual([]);
});

test.each([
  { sentence: 'more conflicts than a proxy sends', conflicts: Array.from({ length: 51 }, () => cart) },
  { sentence: 'a name without end', conflicts: [{ ...cart, name: 'x'.repeat(1000) }] },
])('a report with $sentence is refused', async ({ conflicts }) => {
  expect(await report(conflicts)).toBe(400);
});
