import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { combineRings } from '../../../../src/core/keys/confirmations.ts';
import { deriveKeyRing } from '../../../../src/core/keys/derive.ts';
import type { KeyRing } from '../../../../src/wire/routing-table.ts';

const secretOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const master = (): KeyRing => ({
  current: 2,
  keys: [
    { id: 1, secret: secretOf(1) },
    { id: 2, secret: secretOf(2) },
  ],
});
const secrets = (ring: KeyRing) => ring.keys.map(({ secret }) => secret);

describe('derived session keys', () => {
  test('are those of RFC 5869, with the UID as info', () => {
    const hmac = (key: Buffer, data: Buffer): Buffer => createHmac('sha256', key).update(data).digest();
    const extracted = hmac(Buffer.alloc(32), Buffer.alloc(32, 1));
    const expanded = hmac(extracted, Buffer.from('StickyWorkload uid-a\u0001'));
    expect(secrets(deriveKeyRing(master(), 'uid-a'))[0]).toBe(expanded.toString('base64'));
  });

  test('are the same at every replica and after every restart', () => {
    expect(deriveKeyRing(master(), 'uid-a')).toEqual(deriveKeyRing(master(), 'uid-a'));
  });

  test('are others for each StickyWorkload and each epoch, and none is a master key', () => {
    const all = [
      ...secrets(deriveKeyRing(master(), 'a')),
      ...secrets(deriveKeyRing(master(), 'b')),
      ...secrets(master()),
    ];
    expect(new Set(all).size).toBe(6);
  });

  test('keep their numbers and the one that signs, and are the same object while the master keys are', () => {
    const keys = master();
    const ring = deriveKeyRing(keys, 'a');
    expect([ring.current, ring.keys.map(({ id }) => id)]).toEqual([2, [1, 2]]);
    expect(deriveKeyRing(keys, 'a')).toBe(ring);
  });
});

describe('a proxy has confirmed', () => {
  test('the keys that it has for all of its backends, and signs with the oldest of them', () => {
    expect(
      combineRings([
        { current: 2, ids: [1, 2, 3] },
        { current: 1, ids: [1, 2] },
      ]),
    ).toEqual({ current: 1, ids: [1, 2] });
  });

  test.each([[[undefined]], [[{ current: 1, ids: [1] }, undefined]], [[]]])(
    'nothing while it has not reported %j',
    (rings) => {
      expect(combineRings(rings)).toBeUndefined();
    },
  );
});
