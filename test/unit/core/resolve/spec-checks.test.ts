import { expect, test } from '@jest/globals';
import { findInvalidCidrs } from '../../../../src/core/resolve/spec-checks.ts';

test('invalid entries of excludeCIDRs are reported with their paths', () => {
  const drain = { connections: { excludeCIDRs: ['10.0.0.0/8', '999.0.0.0/8', '::/200'] } } as unknown as Parameters<
    typeof findInvalidCidrs
  >[0]['drain'];
  expect(findInvalidCidrs({ drain })).toEqual([
    { path: 'spec.drain.connections.excludeCIDRs[1]', value: '999.0.0.0/8' },
    { path: 'spec.drain.connections.excludeCIDRs[2]', value: '::/200' },
  ]);
});
