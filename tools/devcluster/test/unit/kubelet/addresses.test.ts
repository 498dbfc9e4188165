import { expect, test } from '@jest/globals';
import { createAddresses } from '../../../kubelet/addresses.ts';

test('an address is reused only after all others, and never assigned twice', () => {
  const addresses = createAddresses('127.64.3.8/29');
  const six = Array.from({ length: 6 }, () => addresses.take());
  expect(six).toEqual([9, 10, 11, 12, 13, 14].map((last) => `127.64.3.${last}`));
  expect(() => addresses.take()).toThrow('all addresses of 127.64.3.8/29 are taken');
  addresses.giveBack('127.64.3.12');
  addresses.giveBack('127.64.3.10');
  expect([addresses.take(), addresses.take()]).toEqual(['127.64.3.10', '127.64.3.12']);
});

test('a large block continues in the next octet', () => {
  const addresses = createAddresses('127.64.0.0/12');
  const last = Array.from({ length: 257 }, () => addresses.take()).at(-1);
  expect(last).toBe('127.64.1.1');
});

test.each([
  ['10.0.0.0/12', 'is not in 127.0.0.0/8'],
  ['127.0.0.0/31', 'is not an IPv4 block'],
  ['127.300.0.0/16', 'is not an IPv4 block'],
  ['127.0.0.0', 'is not an IPv4 block'],
])('the block %s is refused', (cidr, message) => {
  expect(() => createAddresses(cidr)).toThrow(message);
});
