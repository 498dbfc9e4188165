/**
 * The keys of a key file: one or two lines, each base64 of 32 random bytes. The first signs tokens, both verify them. Every proxy with the same
 * lines, in whatever order, reads the tokens of the others.
 */
import { createHash, createHmac } from 'node:crypto';
import type { Endpoint, KeyRing } from '../../wire/routing-table.ts';

const line = /^[A-Za-z0-9+/]{43}=$/;
const way = 'write one line with `openssl rand -base64 32`, and during a rotation a second one';

/** Returns the ring, or what is wrong with the text. The problem does not quote it. */
export function readKeys(text: string): { keys: KeyRing } | { problem: string } {
  const secrets = text.split('\n').flatMap((each) => each.trim() || []);
  if (secrets.length === 0 || secrets.length > 2) return { problem: `has ${secrets.length} keys: ${way}` };
  const invalid = secrets.findIndex((secret) => !line.test(secret));
  if (invalid >= 0) return { problem: `key ${invalid + 1} is not base64 of 32 bytes: ${way}` };
  const keys = secrets.map((secret) => ({ id: idOf(secret), secret }));
  const [first, second] = keys;
  if (first === undefined || first.id === second?.id) return { problem: 'has the same key twice: remove one' };
  return { keys: { current: first.id, keys } };
}

/** The same at every proxy, whatever the order. It reveals nothing about a random key. */
const idOf = (secret: string): number =>
  createHash('sha256').update(Buffer.from(secret, 'base64')).digest().readUInt32BE(0);

/**
 * The ids of a server in tokens. Tokens are signed, not encrypted: a plain hash of an address would show any client which addresses there are, so
 * it is a hash with the key. During a rotation the server is also known by the id of the other key.
 */
export function endpointIds({ current, keys }: KeyRing, uid: string): Pick<Endpoint, 'id' | 'alias'> {
  const idBy = ({ secret }: KeyRing['keys'][number]) =>
    createHmac('sha256', Buffer.from(secret, 'base64')).update(`endpoint ${uid}`).digest('hex').slice(0, 16);
  const [id = '', alias] = keys
    .toSorted((one, other) => Number(other.id === current) - Number(one.id === current))
    .map(idBy);
  return { id, ...(alias !== undefined && { alias }) };
}
