import { expect, test } from '@jest/globals';
import { createTrustedProxies } from '../../../../src/dataplane/net/trusted-proxies.ts';

test.each([
  { cidrs: ['10.0.0.0/8'], address: '10.1.2.3', trusted: true },
  { cidrs: ['10.0.0.0/8'], address: '::ffff:10.1.2.3', trusted: true },
  { cidrs: ['::ffff:10.0.0.0/104'], address: '10.1.2.3', trusted: true },
  { cidrs: ['192.0.2.0/24', 'fd00::/8'], address: 'fd00::7', trusted: true },
  { cidrs: ['fe80::/10'], address: 'fe80::1%eth0', trusted: true },
  { cidrs: ['10.0.0.0/8'], address: '11.1.2.3', trusted: false },
  { cidrs: ['0.0.0.0/0'], address: 'fd00::7', trusted: false },
  { cidrs: [], address: '127.0.0.1', trusted: false },
  { cidrs: ['0.0.0.0/0', '::/0'], address: '', trusted: false },
])('of $cidrs, $address is one: $trusted', ({ cidrs, address, trusted }) => {
  expect(createTrustedProxies(cidrs).has(address)).toBe(trusted);
});
