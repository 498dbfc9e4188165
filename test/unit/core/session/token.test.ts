import { describe, expect, test } from '@jest/globals';
import {
  backendId,
  decodeToken,
  encodeToken,
  endpointId,
  isRenewalDue,
  signingKeys,
  tokenLength,
  tokenLife,
  type Token,
} from '../../../../src/core/session/token.ts';
import { fc } from '../../../support/fast-check.ts';

const secretOf = (seed: number) => Buffer.alloc(32, seed).toString('base64');
const keys = signingKeys({ current: 2, keys: [1, 2].map((id) => ({ id, secret: secretOf(id) })) });
const oldKeys = signingKeys({ current: 1, keys: [1, 2].map((id) => ({ id, secret: secretOf(id) })) });
const nowS = 1_790_000_000;
const cart = backendId('shop/cart');
/** Decodes as a proxy does whose route refers to shop/cart. */
const decode = (text: string) => decodeToken(text, (id) => (id === cart ? keys : undefined), nowS * 1000);

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const tokens = fc.record({
  sessionHi: u32,
  sessionLo: u32,
  endpointId: fc.uuid().map(endpointId),
  backendId: fc.constant(cart),
  issuedAtS: fc.integer({ min: 0, max: nowS }),
  lastSeenS: fc.integer({ min: 0, max: nowS }),
});

const sample = {
  sessionHi: 1,
  sessionLo: 2,
  endpointId: endpointId('a-pod'),
  backendId: cart,
  issuedAtS: nowS,
  lastSeenS: nowS,
};

describe('a session token', () => {
  test('decodes to what was encoded, with the key that signed it', () => {
    fc.assert(
      fc.property(tokens, (token) => {
        expect(decode(encodeToken(token, keys))).toEqual({
          kind: 'valid',
          token: { ...token, keyId: 2 } satisfies Token,
        });
      }),
    );
  });

  test('fits into a cookie: at most 128 bytes of letters, digits, dot, hyphen and underscore', () => {
    fc.assert(
      fc.property(tokens, (token) => {
        const text = encodeToken(token, keys);
        expect(text).toHaveLength(tokenLength);
        expect(text.length).toBeLessThanOrEqual(128);
        expect(text).toMatch(/^h1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
      }),
    );
  });

  test('is rejected with any bit of its text flipped', () => {
    fc.assert(
      fc.property(tokens, fc.nat(), fc.integer({ min: 0, max: 7 }), (token, at, bit) => {
        const bytes = Buffer.from(encodeToken(token, keys), 'latin1');
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        expect(decode(bytes.toString('latin1')).kind).toBe('invalid');
      }),
    );
  });

  test('is rejected in any other encoding of the same bytes: the spare bits of the last characters count too', () => {
    const text = encodeToken(sample, keys);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const at of [45, tokenLength - 1]) {
      const accepted = Array.from(alphabet).filter(
        (letter) => decode(text.slice(0, at) + letter + text.slice(at + 1)).kind === 'valid',
      );
      expect(accepted).toEqual([text.charAt(at)]);
    }
  });

  test('is rejected if it is shorter or longer', () => {
    const text = encodeToken(sample, keys);
    for (let length = 0; length < text.length; length += 1) expect(decode(text.slice(0, length)).kind).toBe('invalid');
    expect(decode(`${text}A`)).toEqual({ kind: 'invalid', reason: 'Malformed' });
  });

  test('is rejected without an exception if it is arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(decode(text).kind).toBe('invalid');
      }),
    );
  });

  test.each([
    {
      sentence: 'signed with another secret',
      text: () => encodeToken(sample, signingKeys({ current: 2, keys: [{ id: 2, secret: secretOf(9) }] })),
      reason: 'BadMac',
    },
    {
      sentence: 'signed with a key that was removed from the ring',
      text: () => encodeToken(sample, signingKeys({ current: 7, keys: [{ id: 7, secret: secretOf(7) }] })),
      reason: 'UnknownKey',
    },
    {
      sentence: 'of a backend that the route does not have',
      text: () => encodeToken({ ...sample, backendId: backendId('shop/other') }, keys),
      reason: 'WrongBackend',
    },
    {
      sentence: 'issued more than five minutes in the future',
      text: () => encodeToken({ ...sample, issuedAtS: nowS + 301 }, keys),
      reason: 'FutureDated',
    },
    {
      sentence: 'last seen more than five minutes in the future',
      text: () => encodeToken({ ...sample, lastSeenS: nowS + 301 }, keys),
      reason: 'FutureDated',
    },
    {
      sentence: 'of an unknown version',
      text: () => encodeToken(sample, keys).replace('h1.', 'h2.'),
      reason: 'Malformed',
    },
    { sentence: 'empty', text: () => '', reason: 'Malformed' },
  ])('$sentence is rejected: $reason', ({ text, reason }) => {
    expect(decode(text())).toEqual({ kind: 'invalid', reason });
  });

  test('of one of several backends is verified by the keys of that one', () => {
    const canary = backendId('shop/canary');
    const canaryKeys = signingKeys({ current: 2, keys: [{ id: 2, secret: secretOf(7) }] });
    const keysOf = (id: number) => (id === canary ? canaryKeys : keys);
    const ofCanary = { ...sample, backendId: canary };
    expect(decodeToken(encodeToken(ofCanary, canaryKeys), keysOf, nowS * 1000)).toMatchObject({
      kind: 'valid',
      token: { backendId: canary },
    });
    // The owner of one backend cannot issue tokens of the other.
    expect(decodeToken(encodeToken(ofCanary, keys), keysOf, nowS * 1000)).toEqual({
      kind: 'invalid',
      reason: 'BadMac',
    });
  });

  test('is accepted by a proxy whose clock is five minutes behind', () => {
    expect(decode(encodeToken({ ...sample, issuedAtS: nowS + 300, lastSeenS: nowS + 300 }, keys)).kind).toBe('valid');
  });

  test('stays valid after a rotation of its key', () => {
    expect(decode(encodeToken(sample, oldKeys))).toEqual({ kind: 'valid', token: { ...sample, keyId: 1 } });
  });

  test('has a fixed format: a known token has known text', () => {
    const token = {
      sessionHi: 0x0102_0304,
      sessionLo: 0x0506_0708,
      endpointId: '00112233445566ff',
      backendId: 0xaabb_ccdd,
      issuedAtS: 1_700_000_000,
      lastSeenS: 1_700_000_060,
    };
    const text = encodeToken(token, keys);
    const [, payload = ''] = text.split('.');
    expect(Buffer.from(payload, 'base64url').toString('hex')).toBe(
      ['00000002', '0102030405060708', '00112233445566ff', 'aabbccdd', '6553f100', '6553f13c'].join(''),
    );
  });

  test('has an endpoint id of 16 hex digits of the hash of the pod UID', () => {
    // printf %s 0b5f8b8e-0c1d-4c62-9d55-1d1c7b7a2f10 | sha256sum | cut -c1-16
    expect(endpointId('0b5f8b8e-0c1d-4c62-9d55-1d1c7b7a2f10')).toBe('0b00c64af40aa2d1');
  });
});

describe('the life of a token', () => {
  const token: Token = { ...sample, keyId: 1 };
  const limits = { idleTimeoutMs: 20 * 60_000 };

  test('a busy session without an absolute limit lives indefinitely', () => {
    const at = { nowMs: nowS * 1000, seenHereMs: undefined, hasFixedDate: false };
    expect(tokenLife({ ...token, issuedAtS: 0, lastSeenS: nowS - 60 }, limits, at)).toBe('Live');
  });

  test.each([
    {
      sentence: 'is not renewed while its date is younger than a quarter of the idle timeout',
      lastSeenS: nowS - 300,
      currentKey: 1,
      due: false,
    },
    {
      sentence: 'is renewed once its date is older than a quarter of the idle timeout',
      lastSeenS: nowS - 301,
      currentKey: 1,
      due: true,
    },
    { sentence: 'is renewed at once when another key signs', lastSeenS: nowS, currentKey: 2, due: true },
  ])('a token $sentence', ({ lastSeenS, currentKey, due }) => {
    expect(isRenewalDue({ ...token, lastSeenS }, limits, { nowMs: nowS * 1000, currentKey })).toBe(due);
  });
});
