import { describe, expect, test } from '@jest/globals';
import type { KeyRing } from '../../../../src/wire/routing-table.ts';
import type { RotationStep } from '../../../../src/core/keys/rotation.ts';
import {
  buildKeyRingSecret,
  isRotationRequested,
  parseKeyRing,
  readRotation,
  writeStep,
  type StoredRing,
} from '../../../../src/core/keys/key-ring-secret.ts';

const secretOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const ring = { current: 1, keys: [{ id: 1, secret: secretOf(1) }] };
const createdAt = '2026-01-01T00:00:00Z';
const nowMs = Date.parse('2026-02-03T04:05:06Z');

/** As the API server returns it. */
function storedRing(annotations?: Record<string, string>): StoredRing & { type: string } {
  const built = buildKeyRingSecret('holdfast-system', ring);
  return {
    ...built,
    type: 'Opaque',
    metadata: { ...built.metadata, creationTimestamp: createdAt, ...(annotations && { annotations }) },
    data: built['data'] as Record<string, string>,
  };
}

const asked = (value: string) => ({ 'holdfast.dev/rotate-session-keys': value });

const steps = {
  add: { kind: 'Added', keyId: 2, reason: 'KeyRotationStarted', message: '' },
  promote: { kind: 'Promoted', keyId: 2, reason: 'KeyRotationPromoted', message: '' },
  settle: { kind: 'Settled' },
  retire: { kind: 'Retired', keyIds: [1], reason: 'KeyRotationComplete', message: '' },
} satisfies Record<string, RotationStep>;

const take = (secret: StoredRing, step: RotationStep): StoredRing =>
  writeStep(secret, step, { newKey: secretOf(2), nowMs });
const shortOf = ({ data = {} }: StoredRing): string => {
  const parsed = parseKeyRing(data);
  return parsed.kind === 'damaged'
    ? parsed.message
    : parsed.ring.keys.map(({ id }) => (id === parsed.ring.current ? `${id}*` : String(id))).join(',');
};

test('a ring that was never rotated signs since its creation', () => {
  expect(readRotation(storedRing(), ring)).toEqual({ current: 1, ids: [1], promotedAtMs: Date.parse(createdAt) });
});

test('each step of a rotation is stored in data and annotations', () => {
  const added = take(storedRing(asked('monday')), steps.add);
  expect(shortOf(added)).toBe('1*,2');
  expect(added.metadata.annotations).toEqual({
    ...asked('monday'),
    'holdfast.dev/session-key-added-at': '2026-02-03T04:05:06Z',
    'holdfast.dev/session-keys-rotated-for': 'monday',
  });
  const promoted = take(added, steps.promote);
  expect(shortOf(promoted)).toBe('1,2*');
  expect(promoted.metadata.annotations).toEqual({
    ...asked('monday'),
    'holdfast.dev/session-key-promoted-at': '2026-02-03T04:05:06Z',
    'holdfast.dev/session-keys-rotated-for': 'monday',
  });
  const settled = take(promoted, steps.settle);
  expect(settled.metadata.annotations).toMatchObject({ 'holdfast.dev/session-key-settled-at': '2026-02-03T04:05:06Z' });
  expect(shortOf(take(settled, steps.retire))).toBe('2*');
});

test('a step changes neither the other key nor the rest of the Secret', () => {
  const before = storedRing();
  const added = writeStep(before, steps.add, { newKey: secretOf(2), nowMs });
  expect(added).toMatchObject({ ...before, metadata: before.metadata, data: before.data });
  expect(added.data).toEqual({ ...before.data, 'key-2': secretOf(2) });
});

test('a stored rotation is read back', () => {
  const added = take(storedRing(), steps.add);
  expect(readRotation(added, { current: 1, keys: [...ring.keys, { id: 2, secret: secretOf(2) }] })).toMatchObject({
    ids: [1, 2],
    addedAtMs: nowMs,
  });
  const settled = take(take(added, steps.promote), steps.settle);
  expect(readRotation(settled, ring)).toMatchObject({ promotedAtMs: nowMs, settledAtMs: nowMs });
});

test('unreadable times count as absent: a pending key does not sign, old keys are not retired', () => {
  const added = take(storedRing(), steps.add);
  const spoilt = {
    ...added,
    metadata: {
      ...added.metadata,
      annotations: { 'holdfast.dev/session-key-added-at': 'monday', 'holdfast.dev/session-key-settled-at': '' },
    },
  };
  expect(readRotation(spoilt, ring)).toEqual({ current: 1, ids: [1], promotedAtMs: Date.parse(createdAt) });
});

describe('a rotation', () => {
  const rotated = take(storedRing(asked('monday')), steps.add);
  const again = { ...rotated, metadata: { annotations: { ...rotated.metadata.annotations, ...asked('tuesday') } } };
  test.each<[string, StoredRing, boolean]>([
    ['is not requested without the annotation', storedRing(), false],
    ['is requested by a new value', storedRing(asked('monday')), true],
    ['is not requested by a value that was handled', rotated, false],
    ['is requested by the next value', again, true],
  ])('%s', (_, secret, expected) => {
    expect(isRotationRequested(secret)).toBe(expected);
  });
});

const encode = (text: string): string => Buffer.from(text).toString('base64');

const twoKeys: KeyRing = {
  current: 12,
  keys: [
    { id: 3, secret: secretOf(1) },
    { id: 12, secret: secretOf(2) },
  ],
};
const { data, ...secret } = buildKeyRingSecret('holdfast-system', twoKeys);

test('a ring is read back from its Secret', () => {
  expect(parseKeyRing(data as Record<string, string>)).toEqual({ kind: 'ring', ring: twoKeys });
});

test('the Secret is in the namespace of the operator', () => {
  expect(secret.metadata).toMatchObject({ namespace: 'holdfast-system', name: 'holdfast-session-keys' });
});

describe('a damaged Secret is rejected with its damage', () => {
  const whole = data as Record<string, string>;
  const rows: [string, Record<string, string>, string][] = [
    ['no entries', {}, 'current is missing'],
    ['no entry current', { 'key-3': secretOf(1) }, 'current is missing'],
    ['the signing key is missing', { ...whole, current: encode('4') }, 'names key 4, which is not there'],
    ['a key is too short', { ...whole, 'key-3': Buffer.alloc(31).toString('base64') }, 'key-3 is not 32 bytes'],
    ['a key is too long', { ...whole, 'key-3': Buffer.alloc(33).toString('base64') }, 'key-3 is not 32 bytes'],
    ['a key is in base64url', { ...whole, 'key-3': secretOf(0xff).replaceAll('/', '_') }, 'key-3 is not 32 bytes'],
    [
      'a key id has leading zeros, which allows two entries for one key',
      { ...whole, 'key-03': secretOf(1) },
      'unexpected entry "key-03"',
    ],
    ['a key id exceeds 32 bits', { ...whole, 'key-4294967296': secretOf(1) }, 'unexpected entry "key-4294967296"'],
    ['an entry is not a key', { ...whole, 'tls.crt': encode('x') }, 'unexpected entry "tls.crt"'],
    ['current is not a number', { ...whole, current: encode('12\n') }, 'current is missing or not the number of a key'],
    ['current is not base64', { ...whole, current: '%' }, 'current is missing or not the number of a key'],
  ];
  test.each(rows)('%s', (_, damaged, message) => {
    expect(parseKeyRing(damaged)).toEqual({ kind: 'damaged', message: expect.stringContaining(message) });
  });
});
