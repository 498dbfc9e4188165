import { expect, test } from '@jest/globals';
import { findInvalidCidrs, refuseSpec } from '../../../../src/core/resolve/spec-checks.ts';
import { snapshotOf } from '../../../support/world.ts';

test('invalid entries of excludeCIDRs are reported with their paths', () => {
  const drain = { connections: { excludeCIDRs: ['10.0.0.0/8', '999.0.0.0/8', '::/200'] } } as unknown as Parameters<
    typeof findInvalidCidrs
  >[0]['drain'];
  expect(findInvalidCidrs({ drain })).toEqual([
    { path: 'spec.drain.connections.excludeCIDRs[1]', value: '999.0.0.0/8' },
    { path: 'spec.drain.connections.excludeCIDRs[2]', value: '::/200' },
  ]);
});

test('a spec is checked once for as long as it is the same object, whatever the status is', () => {
  const [workload] = snapshotOf({ workloads: [{ name: 'cart' }] }).workloads;
  if (workload === undefined) throw new Error('there is no StickyWorkload');
  let reads = 0;
  const counted = new Proxy(workload.spec, {
    get: (spec, field) => {
      reads += 1;
      return Reflect.get(spec, field) as unknown;
    },
  });
  const first = refuseSpec({ ...workload, spec: counted });
  const readsOfOne = reads;
  expect(readsOfOne).toBeGreaterThan(0);
  expect(refuseSpec({ ...workload, spec: counted })).toBe(first);
  expect(reads).toBe(readsOfOne);
});
