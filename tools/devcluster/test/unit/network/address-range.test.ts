import { describe, expect, test } from '@jest/globals';
import { formatAddress, nextAddress, parseRange } from '../../../network/address-range.ts';

describe('addresses of Services', () => {
  test('the next free one, round and round', () => {
    const block = parseRange('127.96.0.0/30');
    expect([
      nextAddress(block, new Set(), undefined),
      nextAddress(block, new Set(), '127.96.0.1'),
      nextAddress(block, new Set(), '127.96.0.2'),
    ]).toEqual(['127.96.0.1', '127.96.0.2', '127.96.0.1']);
    expect(nextAddress(block, new Set(['127.96.0.1', '127.96.0.2']), undefined)).toBeUndefined();
  });

  test('blocks', () => {
    const { first, last } = parseRange('127.100.3.4/12');
    expect([first, last].map(formatAddress)).toEqual(['127.96.0.1', '127.111.255.254']);
    for (const text of ['127.0.0.0', '127.0.0.0/31', '127.0.0.0/7', '127.0.0.256/24', 'fd00::/8']) {
      expect(() => parseRange(text)).toThrow('not an IPv4 block');
    }
  });
});
