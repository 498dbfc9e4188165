import { expect, test } from '@jest/globals';
import { createAddresses } from '../../../kubelet/addresses.ts';

test('addresses go round before one is used again, and none is given twice', () => {
  const addresses = createAddresses('127.64.3.8/29');
  const six = Array.from({ length: 6 }, () => addresses.take());
  expect(six).toEqual([9, 10, 11, 12, 13, 14].map((last) => `127.64.3.${last}`));
  expect(() => addresses.take()).toThrow('all addresses of 127.64.3.8/29 are taken');
  addresses.giveBack('127.64.3.12');
  addresses.giveBack('127.64.3.10');
  expect([addresses.take(), addresses.take()]).toEqual(['127.64.3.10', '127.64.3.12']);
});

test('a large block carries over into the next octets', () => {
  const addresses = createAddresses('127.64.0.0/12');
  const last = Array.from({ length: 257 }, () => addresses.take()).at(-1);
  expect(last).toBe('127.64.1.1');
});

test.each(['10.0.0.0/12', '127.0.0.0/31', '127.300.0.0/16', '127.0.0.0'])('%s is refused', (cidr) => {
  expect(() => createAddresses(cidr)).toThrow('is no block of 127.0.0.0/8');
});
