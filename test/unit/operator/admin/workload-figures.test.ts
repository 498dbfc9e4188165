import { expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import { createWorkloadFigures } from '../../../../src/operator/admin/workload-figures.ts';
import { snapshotOf } from '../../../support/world.ts';

const snapshot = snapshotOf({
  gateways: [{ name: 'holdfast' }],
  workloads: [{ name: 'cart' }, { name: 'shop' }],
  targets: [{ name: 'cart' }],
  services: [{ name: 'cart' }],
  slices: [{ name: 'cart-1', endpoints: [{ pod: 'cart-a' }] }],
  pods: [
    { name: 'cart-a', ip: '10.0.0.97' },
    { name: 'cart-b', ip: '10.0.0.98', deletion: { killAtMs: 90_000, graceSeconds: 60 } },
  ],
});

/** `countingMs`: what the counts of one StickyWorkload take. */
function startFigures(countingMs: number) {
  const counts = new Map([
    ['uid-cart-a', { confirmed: 2, unconfirmed: 1 }],
    ['uid-cart-b', { confirmed: 4, unconfirmed: 0 }],
  ]);
  let nowMs = 0;
  let counted = 0;
  const figures = createWorkloadFigures(
    {
      translations: { latest: () => ({ snapshot, translation: translate(snapshot), faults: [] }) },
      clusterState: { workload: () => undefined },
      ledger: {
        countsOf(uids: string[]) {
          nowMs += countingMs;
          counted += 1;
          return new Map([...counts].filter(([uid]) => uids.includes(uid)));
        },
      },
    } as never,
    { nowMs: () => nowMs, after: () => () => undefined },
  );
  return { figures, counted: () => counted, wait: (ms: number) => (nowMs += ms) };
}

test('a scrape that takes seconds gathers the figures once, for all of its metrics', () => {
  const { figures, counted, wait } = startFigures(3000);
  for (let metric = 0; metric < 7; metric += 1) figures();
  expect(counted()).toBe(2);
  wait(15_000);
  figures();
  expect(counted()).toBe(4);
});

test('the figures of a StickyWorkload are those of its endpoints, by state', () => {
  const { figures } = startFigures(0);
  expect(figures()[0]).toMatchObject({
    labels: { namespace: 'shop', workload: 'cart' },
    states: [
      { state: 'Pending', endpoints: 0, sessions: { confirmed: 0, unconfirmed: 0 } },
      { state: 'Accepting', endpoints: 1, sessions: { confirmed: 2, unconfirmed: 1 } },
      { state: 'Draining', endpoints: 1, sessions: { confirmed: 4, unconfirmed: 0 } },
    ],
    draining: [{ pod: 'cart-b', state: 'Draining', sessions: 4, deadline: expect.stringMatching(/^1970-01-01T00:0/) }],
  });
});
