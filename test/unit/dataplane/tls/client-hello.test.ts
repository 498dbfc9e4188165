import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseClientHello } from '../../../../src/dataplane/tls/client-hello.ts';
import { fc } from '../../../support/fast-check.ts';

/** Returns the first bytes that a client of this Node sends. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = tls.connect({ host: '127.0.0.1', port: typeof address === 'object' ? address?.port : 0, ...options });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(
    socket.on('error', () => undefined),
    'data',
  )) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** Divides the message of a single record among records of this many bytes. */
function divided(hello: Buffer, bytes: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 5; at < hello.length; at += bytes) {
    const part = hello.subarray(at, at + bytes);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records);
}

let hello: Buffer;
beforeAll(async () => {
  hello = await helloOf({ servername: 'Shop.Example' });
});

describe('a ClientHello', () => {
  test('has a server name, in lower case', () => {
    expect(parseClientHello(hello)).toEqual({ kind: 'hello', serverName: 'shop.example' });
  });

  test.each([['TLSv1.2'], ['TLSv1.3']] as const)('of %s may have no server name', async (version) => {
    const nameless = await helloOf({ minVersion: version, maxVersion: version });
    expect(parseClientHello(nameless)).toEqual({ kind: 'hello', serverName: '' });
  });

  test('is incomplete up to its last byte, and what follows it does not matter', () => {
    for (let length = 0; length < hello.length; length++) {
      expect(parseClientHello(hello.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
    expect(parseClientHello(Buffer.concat([hello, Buffer.alloc(100)]))).toMatchObject({ kind: 'hello' });
  });

  test('may be divided among a few records, not hundreds', () => {
    expect(parseClientHello(divided(hello, Math.ceil(hello.length / 4)))).toMatchObject({ serverName: 'shop.example' });
    expect(parseClientHello(divided(hello, 10))).toEqual({ kind: 'malformed' });
  });

  test('has at most 16 KiB', () => {
    const declared = Buffer.from([22, 3, 1, 0, 4, 1, 0, 0x40, 1]);
    expect(parseClientHello(declared)).toEqual({ kind: 'malformed' });
  });

  test.each([
    ['a request of HTTP', 'GET / HTTP/1.1\r\n'],
    ['SSL 2', '\x80\x2e\x01\x03\x01'],
  ])('is not %s', (_sentence, text) => {
    expect(parseClientHello(Buffer.from(text, 'latin1'))).toEqual({ kind: 'notTls' });
  });

  test('has a name of letters, digits and few signs', () => {
    const at = hello.indexOf('Shop');
    const changed = Buffer.from(hello);
    changed.write('\0\r\n/', at, 'latin1');
    expect(parseClientHello(changed)).toEqual({ kind: 'malformed' });
  });

  test('may have any bytes: a changed one is never an exception, nor a name that it does not contain', () => {
    const change = fc.record({ at: fc.nat(hello.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(hello);
        for (const { at, value } of changes) bytes[at] = value;
        const outcome = parseClientHello(bytes);
        const name = outcome.kind === 'hello' ? outcome.serverName : '';
        expect(bytes.toString('latin1').toLowerCase()).toContain(name);
      }),
      { numRuns: 2000 },
    );
  });
});
