import { describe, expect, test } from '@jest/globals';
import { JoinedBytes } from '../../../../src/dataplane/h2/joined-bytes.ts';
import { fc } from '../../../support/fast-check.ts';

describe('bytes that wait', () => {
  test('come out as they went in, whatever their pieces', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: fc.uint8Array({ maxLength: 40_000 }) }),
        fc.record({ drop: fc.double({ min: 0, max: 1, noNaN: true }) }),
      ),
    );
    fc.assert(
      fc.property(steps, (all) => {
        const joined = new JoinedBytes();
        let expected = Buffer.alloc(0);
        for (const step of all) {
          if ('add' in step) {
            joined.add(Buffer.from(step.add), { from: 0, to: step.add.length });
            expected = Buffer.concat([expected, step.add]);
          } else {
            const first = joined.first();
            const count = Math.ceil(first.length * step.drop);
            expect(first.equals(expected.subarray(0, first.length))).toBe(true);
            joined.drop(count);
            expected = expected.subarray(count);
          }
          expect(joined.length).toBe(expected.length);
          expect(joined.first().length > 0).toBe(expected.length > 0);
        }
      }),
    );
  });

  test('have none left when they are cleared', () => {
    const joined = new JoinedBytes();
    joined.add(Buffer.from('abc'), { from: 1, to: 3 });
    joined.clear();
    expect([joined.length, joined.first().length]).toEqual([0, 0]);
    joined.add(Buffer.from('de'), { from: 0, to: 2 });
    expect(joined.first().toString()).toBe('de');
  });
});
