import { expect, test } from '@jest/globals';
import { createSessionRelay } from '../../../../src/operator/discovery/session-relay.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

const minute = 60_000;

test('the ended sessions of a Gateway are forgotten once it has neither a table nor a proxy', async () => {
  const clock = createManualClock();
  const tables = new Map<string, RoutingTable>([['infra/web', proxyTable({ limits: { idleTimeoutMs: 60 * minute } })]]);
  const relay = createSessionRelay({ tableOf: (key) => tables.get(key), clock });
  const subscriber = { podUid: 'p', onNotices: () => undefined, onHandover: () => false };
  const afterMinute = async () => {
    await clock.advance(minute);
    relay.publish('infra/other', 'q', { ended: [], seen: [] });
    return relay.ended('infra/web');
  };
  const leave = relay.subscribe('infra/web', subscriber);
  relay.publish('infra/web', 'p', { ended: ['a'], seen: [] });
  tables.clear();
  expect(await afterMinute()).toEqual(['a']);
  leave();
  expect(await afterMinute()).toEqual([]);
});
