import { describe, expect, test } from '@jest/globals';
import { parseProxyHeader } from '../../../../src/dataplane/net/proxy-protocol.ts';
import { fc } from '../../../support/fast-check.ts';

const signature = '0d0a0d0a000d0a515549540a';
const v2 = (...parts: string[]) => Buffer.from(signature + parts.join(''), 'hex');
const tcp4 = 'c0000207cb007101c0000050';
const tcp6 = '20010db800000000000000000000000720010db8000000010000000000000001c0000050';
const client4 = { address: '192.0.2.7', port: 49_152 };
const server4 = { address: '203.0.113.1', port: 80 };

describe('a PROXY protocol header', () => {
  test.each([
    {
      sentence: 'version 1 with IPv4',
      bytes: Buffer.from('PROXY TCP4 192.0.2.7 203.0.113.1 49152 80\r\n'),
      header: { client: client4, server: server4, isLocal: false, isTls: false },
    },
    {
      sentence: 'version 1 with IPv6',
      bytes: Buffer.from('PROXY TCP6 2001:db8::7 ::1 65535 0\r\n'),
      header: {
        client: { address: '2001:db8::7', port: 65_535 },
        server: { address: '::1', port: 0 },
        isLocal: false,
        isTls: false,
      },
    },
    {
      sentence: 'version 1 of an unknown client',
      bytes: Buffer.from('PROXY UNKNOWN\r\n'),
      header: { isLocal: false, isTls: false },
    },
    {
      sentence: 'version 1 of an unknown client, with addresses that do not count',
      bytes: Buffer.from('PROXY UNKNOWN ffff::1 x 65535 65535\r\n'),
      header: { isLocal: false, isTls: false },
    },
    {
      sentence: 'version 2 with IPv4',
      bytes: v2('2111000c', tcp4),
      header: { client: client4, server: server4, isLocal: false, isTls: false },
    },
    {
      sentence: 'version 2 with IPv6',
      bytes: v2('21210024', tcp6),
      header: {
        client: { address: '2001:db8::7', port: 49_152 },
        server: { address: '2001:db8:0:1::1', port: 80 },
        isLocal: false,
        isTls: false,
      },
    },
    {
      sentence: 'version 2 with an IPv4-mapped address',
      bytes: v2('21210024', '00000000000000000000ffffc0000207'.repeat(2), 'c0000050'),
      header: { client: client4, server: { address: '192.0.2.7', port: 80 }, isLocal: false, isTls: false },
    },
    {
      sentence: 'version 2 with TLVs, which are skipped',
      bytes: v2('21110013', tcp4, '010000', '040001', '00'),
      header: { client: client4, server: server4, isLocal: false, isTls: false },
    },
    {
      sentence: 'version 2 with the TLV of a TLS connection',
      bytes: v2('21110014', tcp4, '200005', '0100000000'),
      header: { client: client4, server: server4, isLocal: false, isTls: true },
    },
    {
      sentence: 'version 2 with the TLV of a connection without TLS',
      bytes: v2('21110014', tcp4, '200005', '0000000000'),
      header: { client: client4, server: server4, isLocal: false, isTls: false },
    },
    { sentence: 'LOCAL', bytes: v2('20000000'), header: { isLocal: true, isTls: false } },
    {
      sentence: 'LOCAL with a family and bytes that do not count',
      bytes: v2('20ff0003', '010203'),
      header: { isLocal: true, isTls: false },
    },
    { sentence: 'an unspecified family', bytes: v2('21000000'), header: { isLocal: false, isTls: false } },
    { sentence: 'a Unix socket', bytes: v2('213100d8', '00'.repeat(216)), header: { isLocal: false, isTls: false } },
    { sentence: 'a datagram', bytes: v2('2112000c', tcp4), header: { isLocal: false, isTls: false } },
  ])('$sentence is read, in whatever pieces it arrives', ({ bytes, header }) => {
    const all = Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\n')]);
    for (let length = 1; length < bytes.length; length += 1) {
      expect(parseProxyHeader(all.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'header', header: { end: bytes.length, ...header } });
    expect(parseProxyHeader(all)).toEqual(parseProxyHeader(bytes));
  });

  test.each([
    ['GET / HTTP/1.1\r\n\r\n', 'Missing'],
    ['\r\nGET / HTTP/1.1\r\n\r\n', 'Missing'],
    ['proxy TCP4 192.0.2.7 203.0.113.1 49152 80\r\n', 'Missing'],
    ['PROXY\r\n', 'Missing'],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 49152 80\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 49152\r\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 49152 80 \r\n', 'Malformed'],
    ['PROXY TCP4  192.0.2.7 203.0.113.1 49152 80\r\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.007 203.0.113.1 49152 80\r\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 049152 80\r\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 65536 80\r\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.7 203.0.113.1 -1 80\r\n', 'Malformed'],
    ['PROXY TCP4 2001:db8::7 ::1 1 2\r\n', 'Malformed'],
    ['PROXY TCP6 192.0.2.7 203.0.113.1 1 2\r\n', 'Malformed'],
    ['PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'Malformed'],
    ['PROXY TCP4 192.0.2.7\t203.0.113.1 1 2\r\n', 'Malformed'],
    ['PROXY UDP4 192.0.2.7 203.0.113.1 1 2\r\n', 'Malformed'],
    ['PROXY UNKNOWNX\r\n', 'Malformed'],
    ['PROXY UNKNOWN a\rb\r\n', 'Malformed'],
    ['PROXY \r\n', 'Malformed'],
    [`PROXY UNKNOWN ${'x'.repeat(200)}`, 'TooLong'],
  ])('version 1: %j is refused as %s', (text, reason) => {
    expect(parseProxyHeader(Buffer.from(text))).toEqual({ kind: 'refused', reason });
  });

  test.each([
    { sentence: 'another version', bytes: v2('3111000c', tcp4), reason: 'Malformed' },
    { sentence: 'another command', bytes: v2('2211000c', tcp4), reason: 'Malformed' },
    { sentence: 'an unassigned family', bytes: v2('2141000c', tcp4), reason: 'Malformed' },
    { sentence: 'an unassigned protocol', bytes: v2('2113000c', tcp4), reason: 'Malformed' },
    { sentence: 'a length below that of its addresses', bytes: v2('2111000b', tcp4), reason: 'Malformed' },
    { sentence: 'a TLV that ends beyond the header', bytes: v2('2111000f', tcp4, '010001'), reason: 'Malformed' },
    { sentence: 'half of a TLV', bytes: v2('2111000e', tcp4, '0100'), reason: 'Malformed' },
    { sentence: 'more than 4 KB', bytes: v2('2111ffff', tcp4), reason: 'TooLong' },
    {
      sentence: 'a signature that breaks off',
      bytes: Buffer.from(`${signature.slice(0, 20)}ff`, 'hex'),
      reason: 'Missing',
    },
  ])('version 2 with $sentence is refused as $reason', ({ bytes, reason }) => {
    expect(parseProxyHeader(bytes)).toEqual({ kind: 'refused', reason });
  });

  test('is judged without an exception for any bytes, and more bytes after a verdict change nothing', () => {
    const start = fc.constantFrom(
      Buffer.from(''),
      Buffer.from('PROXY '),
      Buffer.from('PROXY TCP4 1.1.1.1 '),
      v2(''),
      v2('21'),
    );
    const more = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(start, more, more, (first, second, third) => {
        const bytes = Buffer.concat([first, second]);
        const outcome = parseProxyHeader(bytes);
        if (outcome.kind !== 'incomplete') expect(parseProxyHeader(Buffer.concat([bytes, third]))).toEqual(outcome);
        if (outcome.kind === 'header') expect(outcome.header.end).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});
