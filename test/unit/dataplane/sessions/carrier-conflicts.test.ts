import { describe, expect, test } from '@jest/globals';
import { createCarrierConflicts } from '../../../../src/dataplane/sessions/carrier-conflicts.ts';
import { cookieName, proxyTable, requestWith } from '../../../support/proxy-table.ts';
import { createReplica, holdOf } from './replica.ts';

const conflict = (name: string) => ({ workload: 'shop/cart', carrierOf: 'shop/cart', type: 'Cookie', name }) as const;

describe('a conflict of an app with the carrier', () => {
  test('is remembered once, and for some seconds after its last response', () => {
    const conflicts = createCarrierConflicts();
    for (const nowMs of [0, 10, 2000]) conflicts.add(conflict('a'), nowMs);
    expect(conflicts.recent(4000)).toEqual([conflict('a')]);
    expect(conflicts.recent(6000)).toEqual([]);
  });

  test('is dropped when there are fifty others', () => {
    const conflicts = createCarrierConflicts();
    for (let number = 0; number < 1000; number += 1) conflicts.add(conflict(`cookie-${number}`), 0);
    expect(conflicts.recent(0)).toHaveLength(50);
  });

  test('is in the reports of the proxy', () => {
    const { router, sendRequest } = createReplica(proxyTable({ endpoints: [{ pod: 'a' }] }));
    expect(router.notices().conflicts).toEqual([]);
    const { filter } = holdOf(sendRequest(requestWith()));
    expect(filter.hidesCookieFromClient(`${cookieName}=1`)).toBe(true);
    expect(router.notices().conflicts).toEqual([conflict(cookieName)]);
  });
});
