import { describe, expect, test } from '@jest/globals';
import { decideDrainHold } from '../../../../src/core/resolve/drain-hold.ts';
import type { Pod } from '../../../../src/core/snapshot/snapshot.ts';
import { fc } from '../../../support/fast-check.ts';
import { stickyWorkload, wholePod } from '../../../support/world.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const cart = stickyWorkload({
  name: 'cart',
  spec: { drain: { timeout: '10m', quietPeriod: '5s', shutdownMargin: '30s' } },
});
const deletedAt = (ms: number) => ({
  ...cart,
  metadata: { ...cart.metadata, deletionTimestamp: new Date(ms).toISOString() },
});
const draining = (killAtMs: number, rest: Partial<Pod> = {}): Pod => ({
  ...wholePod({ name: 'cart-a' }),
  workload: 'cart',
  deletion: { killAtMs, graceSeconds: 60 },
  ...rest,
});

describe('a StickyWorkload is held for', () => {
  test.each<[string, Pod[], string[]]>([
    ['a draining pod', [draining(nowMs + 1)], ['cart-a']],
    ['all draining pods', [draining(nowMs + 1), draining(nowMs + 2, { name: 'cart-b' })], ['cart-a', 'cart-b']],
    ['no pod that is not being deleted', [{ ...wholePod({ name: 'cart-a' }), workload: 'cart' }], []],
    ['no pod that was injected for another StickyWorkload', [draining(nowMs + 1, { workload: 'basket' })], []],
    [
      'no pod without a sidecar, which nothing holds',
      [draining(nowMs + 1, { injection: { injected: false, keptPreStop: [] } })],
      [],
    ],
    ['no pod whose containers have exited', [draining(nowMs + 1, { phase: 'Succeeded' })], []],
    ['no pod whose grace period is over, because its node is lost', [draining(nowMs)], []],
    ['nothing', [], []],
  ])('%s', (_, pods, held) => {
    const hold = decideDrainHold(cart, pods, nowMs);
    expect(hold.kind === 'hold' ? hold.pods : []).toEqual(held);
  });
});

test('a StickyWorkload is held until the last pod has terminated, and at most for one whole drain after its deletion', () => {
  const pods = [draining(nowMs + 100), draining(nowMs + 50_000_000)];
  expect(decideDrainHold(cart, pods, nowMs)).toMatchObject({ untilMs: nowMs + 50_000_000 });
  expect(decideDrainHold(deletedAt(nowMs), pods, nowMs)).toMatchObject({ untilMs: nowMs + 695_000 });
});

test('a deleted StickyWorkload is always released in the end, whatever its pods do', () => {
  const pod = fc.integer({ min: -10_000, max: 100_000_000 }).map((later) => draining(nowMs + later));
  fc.assert(
    fc.property(fc.array(pod, { maxLength: 5 }), fc.integer({ min: 0, max: 1_000_000 }), (pods, agoMs) => {
      const hold = decideDrainHold(deletedAt(nowMs - agoMs), pods, nowMs);
      if (hold.kind === 'release') return;
      expect(hold.untilMs).toBeGreaterThan(nowMs);
      expect(decideDrainHold(deletedAt(nowMs - agoMs), pods, hold.untilMs)).toEqual({ kind: 'release' });
    }),
  );
});
