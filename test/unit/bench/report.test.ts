/** Figures that are rendered, rounded or put in the wrong place are wrong figures. */
import { describe, expect, test } from '@jest/globals';
import { median, quantile } from '../../../bench/measure/statistics.ts';
import { formatBytes, formatNumber, renderSection, replaceSection } from '../../../bench/report/markdown.ts';

describe('quantiles', () => {
  test.each([
    { why: 'one measurement is all of them', values: [7], share: 0.95, expected: 7 },
    { why: 'the order does not matter', values: [3, 1, 2], share: 0.5, expected: 2 },
    { why: 'numbers are not sorted as text', values: [100, 9, 20], share: 0.5, expected: 20 },
    {
      why: 'the tail is a value that was measured',
      values: Array.from({ length: 100 }, (_, index) => index + 1),
      share: 0.95,
      expected: 95,
    },
    { why: 'the largest', values: [1, 2, 3], share: 1, expected: 3 },
  ])('$why', ({ values, share, expected }) => {
    expect(quantile(values, share)).toBe(expected);
  });

  test('an outlier does not move the median', () => expect(median([10, 11, 5000])).toBe(11));

  test('no measurement has no median', () => expect(() => median([])).toThrow('no measurement'));
});

describe('numbers', () => {
  test.each([
    { value: 0.123, text: '0.12' },
    { value: 12.34, text: '12.3' },
    { value: 123.4, text: '123' },
    { value: 1_234_567, text: '1,234,567' },
  ])('$value is $text', ({ value, text }) => expect(formatNumber(value)).toBe(text));

  test.each([
    { bytes: 64, text: '64 B' },
    { bytes: 1536, text: '1.50 KiB' },
    { bytes: 64 * 1024 ** 2, text: '64.0 MiB' },
  ])('$bytes bytes are $text', ({ bytes, text }) => expect(formatBytes(bytes)).toBe(text));
});

describe('the document', () => {
  const document =
    '# Figures\n<!-- bench:speed -->\nold\n<!-- /bench:speed -->\nby hand\n<!-- bench:table -->\nkept\n<!-- /bench:table -->\n';

  test('a section gets its new figures, and nothing else changes', () => {
    expect(replaceSection(document, 'speed', 'new')).toBe(document.replace('old', 'new'));
  });

  test('the same figures give the same document', () => {
    const once = replaceSection(document, 'speed', 'new');
    expect(replaceSection(once, 'speed', 'new')).toBe(once);
  });

  test('a document without markers for a section is rejected, not truncated', () => {
    expect(() => replaceSection(document, 'operator', 'new')).toThrow('<!-- bench:operator -->');
  });

  test('the machine comes first, figures are right-aligned, and a skipped section has a reason', () => {
    const section = {
      tables: [{ title: 'T', columns: ['what', 'ms'], rows: [['a', '1']] }],
      skipped: ['x, because y: get it by z.'],
    };
    const text = renderSection(section, 'Measured today.');
    expect(text).toBe(
      'Measured today.\n\n**T**\n\n| what | ms |\n| --- | ---: |\n| a | 1 |\n\n- Skipped: x, because y: get it by z.',
    );
  });
});
