/** Keys that are derived from a master ring: HKDF with SHA-256 (RFC 5869), so that each purpose has keys of its own and none is stored. */
import { hkdfSync } from 'node:crypto';
import type { KeyRing } from '../../wire/routing-table.ts';

const keyBytes = 32;

/** `info`: what the keys are for. The ids stay: a rotation of the master ring is one of every derived ring. */
export const deriveRing = ({ current, keys }: KeyRing, info: string): KeyRing => ({
  current,
  keys: keys.map(({ id, secret }) => ({
    id,
    secret: Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), '', info, keyBytes)).toString('base64'),
  })),
});
