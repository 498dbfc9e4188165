import { describe, expect, test } from '@jest/globals';
import { buildKeyRingSecret, parseKeyRing } from '../../../../src/core/render/key-ring.ts';
import type { KeyRing } from '../../../../src/wire/routing-table.ts';

const secretOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const encode = (text: string): string => Buffer.from(text).toString('base64');

const ring: KeyRing = {
  current: 12,
  keys: [
    { id: 3, secret: secretOf(1) },
    { id: 12, secret: secretOf(2) },
  ],
};
const { data, ...secret } = buildKeyRingSecret({ namespace: 'shop', name: 'cart', uid: 'uid-cart' }, ring);

test('a ring survives its Secret', () => {
  expect(parseKeyRing(data as Record<string, string>)).toEqual({ kind: 'ring', ring });
});

test('the Secret goes with its StickyWorkload', () => {
  expect(secret.metadata).toMatchObject({
    namespace: 'shop',
    name: 'cart-session-keys',
    ownerReferences: [{ uid: 'uid-cart', controller: true }],
  });
});

describe('damage is named, and half a ring is no ring', () => {
  const whole = data as Record<string, string>;
  const rows: [string, Record<string, string>, string][] = [
    ['nothing', {}, 'current is missing'],
    ['no word on which key signs', { 'key-3': secretOf(1) }, 'current is missing'],
    ['the signing key is gone', { ...whole, current: encode('4') }, 'names key 4, which is not there'],
    ['a key too short', { ...whole, 'key-3': Buffer.alloc(31).toString('base64') }, 'key-3 is not 32 bytes'],
    ['a key too long', { ...whole, 'key-3': Buffer.alloc(33).toString('base64') }, 'key-3 is not 32 bytes'],
    ['a key in the other base64', { ...whole, 'key-3': secretOf(0xff).replaceAll('/', '_') }, 'key-3 is not 32 bytes'],
    [
      'a number with leading zeros: two entries for one key',
      { ...whole, 'key-03': secretOf(1) },
      'unexpected entry "key-03"',
    ],
    ['a number beyond 32 bits', { ...whole, 'key-4294967296': secretOf(1) }, 'unexpected entry "key-4294967296"'],
    ['something of somebody else', { ...whole, 'tls.crt': encode('x') }, 'unexpected entry "tls.crt"'],
    ['current is no number', { ...whole, current: encode('12\n') }, 'current is missing or not the number of a key'],
    ['current is no base64', { ...whole, current: '%' }, 'current is missing or not the number of a key'],
  ];
  test.each(rows)('%s', (_, damaged, message) => {
    expect(parseKeyRing(damaged)).toEqual({ kind: 'damaged', message: expect.stringContaining(message) });
  });
});
