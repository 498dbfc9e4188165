import { describe, expect, test } from '@jest/globals';
import { durationMs, formatDuration } from '../../../src/api/duration.ts';
import { durationPattern as pattern } from '../../../src/api/grammar.ts';
import { specSchema } from '../../../src/api/spec.ts';
import { fc } from '../../support/fast-check.ts';

const { maxLength } = specSchema.properties.drain.properties.timeout;

describe('durations', () => {
  test.each([
    { text: '1h', ms: 3_600_000, reason: 'an hour' },
    { text: '1h30m', ms: 5_400_000, reason: 'two parts add up' },
    { text: '500ms', ms: 500, reason: 'ms is milliseconds, not minutes and seconds' },
    { text: '1m500ms', ms: 60_500, reason: 'm before ms' },
    { text: '90s', ms: 90_000, reason: 'a part may be larger than the next unit' },
    { text: '30m1h', ms: 5_400_000, reason: 'the order does not matter' },
    { text: '1s1s', ms: 2000, reason: 'a unit may come twice, as in Go' },
    { text: '0s', ms: 0, reason: 'nothing' },
  ])('$text is $ms ms: $reason', ({ text, ms }) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each([
    { ms: 5_400_000, text: '1h30m' },
    { ms: 0, text: '0s' },
    { ms: 999, text: '999ms' },
    { ms: 604_800_000, text: '168h' },
  ])('$ms ms are written $text', ({ ms, text }) => {
    expect(formatDuration(ms)).toBe(text);
  });

  // The grammar allows at most five digits of hours.
  const expressible = fc.integer({ min: 0, max: 100_000 * 3_600_000 - 1 });

  test('are read back as written, and match the schema', () => {
    const grammar = new RegExp(pattern);
    fc.assert(
      fc.property(expressible, (ms) => {
        const text = formatDuration(ms);
        expect(durationMs(text)).toBe(ms);
        expect(text).toMatch(grammar);
        expect(text.length).toBeLessThanOrEqual(maxLength);
      }),
    );
  });

  test('are the sum of their parts', () => {
    const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    const part = fc.record({ amount: fc.integer({ min: 0, max: 99_999 }), unit: fc.constantFrom('h', 'm', 's', 'ms') });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const text = parts.map(({ amount, unit }) => `${amount}${unit}`).join('');
        expect(durationMs(text)).toBe(parts.reduce((sum, { amount, unit }) => sum + amount * unitMs[unit], 0));
      }),
    );
  });
});
