import { BlockList } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cidrPattern } from '../../../../src/api/grammar.ts';
import { findInvalidCidrs, parseCidr } from '../../../../src/core/drain/cidr.ts';

test.each([
  ['10.0.0.0/8', 'ipv4', 8],
  ['0.0.0.0/0', 'ipv4', 0],
  ['255.255.255.255/32', 'ipv4', 32],
  ['::/0', 'ipv6', 0],
  ['fd00:10:244::/64', 'ipv6', 64],
  ['2001:DB8::1/128', 'ipv6', 128],
  ['1:2:3:4:5:6:7:8/127', 'ipv6', 127],
  ['1:2:3:4:5:6:7::/112', 'ipv6', 112],
  ['::ffff:10.0.0.1/128', 'ipv6', 128],
])('%s is a block', (text, family, prefix) => {
  expect(parseCidr(text)).toEqual({ address: text.slice(0, text.indexOf('/')), family, prefix });
});

test.each([
  '999.0.0.0/8',
  '10.0.0.0/33',
  '10.0.0/8',
  '10.0.0.0.0/8',
  '010.0.0.0/8',
  '10.0.0.0',
  '10.0.0.0/',
  ':::/8',
  '1::2::3/8',
  '1:2:3/8',
  '1:2:3:4:5:6:7:8:9/8',
  '12345::/8',
  '::/129',
  '10.0.0.0/8 ',
  '1:2:3:4:5:6:7:8::/8',
  '1.2.3.4::/8',
  '',
])('"%s" is none', (text) => {
  expect(parseCidr(text)).toBeUndefined();
});

describe('what is a block here', () => {
  const parts = fc
    .array(fc.constantFrom('0', '7', '25', '255', '256', '1f', 'ffff', '.', ':', '::', '10.0.0.1'), { maxLength: 12 })
    .map((list) => list.join(''));
  const texts = fc.tuple(parts, fc.integer({ min: 0, max: 140 })).map(([address, prefix]) => `${address}/${prefix}`);

  test('is one to Node too, which counts by it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          texts,
          fc.ipV4().map((ip) => `${ip}/24`),
          fc.ipV6().map((ip) => `${ip}/64`),
        ),
        (text) => {
          const [address = '', prefix] = text.split('/');
          const family = address.includes(':') ? 'ipv6' : 'ipv4';
          const nodeTakesIt = () => {
            try {
              new BlockList().addSubnet(address, Number(prefix), family);
              return true;
            } catch {
              return false;
            }
          };
          expect(parseCidr(text) !== undefined).toBe(nodeTakesIt());
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('passes the schema', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4().map((ip) => `${ip}/24`),
          fc.ipV6().map((ip) => `${ip}/64`),
        ),
        (text) => {
          expect(new RegExp(cidrPattern).test(text)).toBe(true);
        },
      ),
    );
  });
});

test('those of a spec that are none are named with their place', () => {
  const drain = { connections: { excludeCIDRs: ['10.0.0.0/8', '999.0.0.0/8', '::/200'] } } as unknown as Parameters<
    typeof findInvalidCidrs
  >[0]['drain'];
  expect(findInvalidCidrs({ drain })).toEqual([
    { path: 'spec.drain.connections.excludeCIDRs[1]', value: '999.0.0.0/8' },
    { path: 'spec.drain.connections.excludeCIDRs[2]', value: '::/200' },
  ]);
});
