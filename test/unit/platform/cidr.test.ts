import { BlockList } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { cidrPattern } from '../../../src/api/grammar.ts';
import { covers, parseAddress, parseCidr } from '../../../src/platform/cidr.ts';
import { fc } from '../../support/fast-check.ts';

describe('parseCidr', () => {
  test.each([
    ['10.0.0.0/8', '0A000000', 8],
    ['0.0.0.0/0', '00000000', 0],
    ['255.255.255.255/32', 'FFFFFFFF', 32],
    ['::/0', '0'.repeat(32), 0],
    ['fd00:10:244::/64', 'FD0000100244'.padEnd(32, '0'), 64],
    ['2001:DB8::1/128', '20010DB8000000000000000000000001', 128],
    ['1:2:3:4:5:6:7:8/127', '00010002000300040005000600070008', 127],
    ['1:2:3:4:5:6:7::/112', '00010002000300040005000600070000', 112],
    ['::ffff:10.0.0.1/128', '0A000001', 32],
    ['::FFFF:10.0.0.0/104', '0A000000', 8],
    ['0:0:0:0:0:ffff:a00:0/104', '0A000000', 8],
    ['::ffff:0:0/96', '00000000', 0],
    ['::ffff:0:0/95', '00000000000000000000FFFF00000000', 95],
    ['::10.0.0.1/128', '0000000000000000000000000A000001'.padStart(32, '0'), 128],
  ])('accepts %s', (text, hex, prefix) => {
    expect(parseCidr(text)).toEqual({ hex, prefix });
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
  ])('rejects "%s"', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  const parts = fc
    .array(fc.constantFrom('0', '7', '25', '255', '256', '1f', 'ffff', '.', ':', '::', '10.0.0.1'), { maxLength: 12 })
    .map((list) => list.join(''));
  const random = fc.tuple(parts, fc.integer({ min: 0, max: 140 })).map(([address, prefix]) => `${address}/${prefix}`);
  const valid = fc.oneof(
    fc.ipV4().map((ip) => `${ip}/24`),
    fc.ipV6().map((ip) => `${ip}/64`),
  );

  test('accepts what net.BlockList accepts', () => {
    const nodeAccepts = (text: string): boolean => {
      const [address = '', prefix] = text.split('/');
      try {
        new BlockList().addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4');
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(random, valid), (text) => {
        expect(parseCidr(text) !== undefined).toBe(nodeAccepts(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('accepts nothing that the schema of excludeCIDRs rejects', () => {
    fc.assert(
      fc.property(valid, (text) => {
        expect(new RegExp(cidrPattern).test(text)).toBe(true);
      }),
    );
  });
});

describe('covers', () => {
  const check = (cidr: string, address: string): boolean => {
    const [parsed, hex] = [parseCidr(cidr), parseAddress(address)];
    if (parsed === undefined || hex === undefined) throw new Error(`${cidr} or ${address} is invalid`);
    return covers(parsed, hex);
  };

  test('keeps IPv4 and IPv6 apart', () => {
    expect(check('10.0.0.0/8', '10.1.2.3')).toBe(true);
    expect(check('::/0', '10.1.2.3')).toBe(false);
    expect(check('0.0.0.0/0', 'fd00::1')).toBe(false);
  });

  test.each([
    { cidr: '10.0.0.0/8', address: '::ffff:10.1.2.3' },
    { cidr: '::ffff:10.0.0.0/104', address: '10.1.2.3' },
    { cidr: '::ffff:10.0.0.0/104', address: '::ffff:a01:203' },
    { cidr: '::ffff:0:0/96', address: '192.0.2.1' },
  ])('takes IPv4-mapped addresses as IPv4: $cidr covers $address', ({ cidr, address }) => {
    expect(check(cidr, address)).toBe(true);
    expect(check('::/0', address)).toBe(false);
  });

  test('agrees with net.BlockList', () => {
    const isMapped = (text: string) => /^(0{0,4}:){0,5}:?ffff:/i.test(text);
    const near = (text: string) => fc.tuple(fc.constant(text), fc.constant(text));
    const pair = (any: fc.Arbitrary<string>) => fc.oneof(fc.tuple(any, any), any.chain(near));
    const cases = fc.oneof(
      fc.record({
        pair: pair(fc.ipV4()),
        prefix: fc.integer({ min: 0, max: 32 }),
        family: fc.constant('ipv4' as const),
      }),
      fc.record({
        pair: pair(fc.ipV6().filter((text) => !isMapped(text))),
        prefix: fc.integer({ min: 0, max: 128 }),
        family: fc.constant('ipv6' as const),
      }),
    );
    fc.assert(
      fc.property(cases, ({ pair: [address, other], prefix, family }) => {
        const list = new BlockList();
        list.addSubnet(address, prefix, family);
        expect(check(`${address}/${prefix}`, other)).toBe(list.check(other, family));
      }),
      { numRuns: 2000 },
    );
  });
});
