import { expect, test } from '@jest/globals';
import { claimHosts } from '../../../../src/core/routing/host-claims.ts';
import { shareHost } from '../../../../src/core/routing/hostnames.ts';
import { fc } from '../../../support/fast-check.ts';

const label = fc.constantFrom('a', 'b', 'ab');
const hostname = fc
  .tuple(fc.constantFrom('', '*.'), fc.array(label, { minLength: 1, maxLength: 4 }))
  .map(([start, labels]) => start + labels.join('.'));
const lists = fc.array(fc.array(hostname, { maxLength: 3 }), { maxLength: 8 });

test('the first list that shares a host is the one that a comparison with each finds', () => {
  fc.assert(
    fc.property(lists, fc.array(hostname, { maxLength: 3 }), (earlier, asked) => {
      const claims = claimHosts<number>();
      for (const [at, hostnames] of earlier.entries()) claims.add(hostnames, at);
      const expected = earlier.findIndex((hostnames) => shareHost(hostnames, asked));
      expect(claims.first(asked)).toBe(expected === -1 ? undefined : expected);
    }),
    { numRuns: 1000 },
  );
});
