/**
 * The Secret with a StickyWorkload's session keys. Each key is an entry of its own, `key-<id>`, as raw bytes (a Secret's data
 * is base64 anyway); `current` says which one signs. Making keys is not the core's: that takes chance. How it changes: `core/keys`.
 */
import { annotations, keyRingName } from '../names/names.ts';
import type { KeyRing } from '../../wire/routing-table.ts';
import { controlledBy, standardLabels, type OwnedObject } from './owned-object.ts';

export type ParsedKeyRing = { kind: 'ring'; ring: KeyRing } | { kind: 'damaged'; message: string };

type RingOwner = { namespace: string; name: string; uid: string; annotations?: Record<string, string> };

/** Created once, never applied: applying it again would replace keys that live sessions are signed with. */
export function buildKeyRingSecret(workload: RingOwner, ring: KeyRing): OwnedObject {
  // What asks for a rotation has been served by the first keys.
  const rotatedFor = workload.annotations?.[annotations.rotateKeys];
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: workload.namespace,
      name: keyRingName(workload.name),
      labels: standardLabels('workload', workload.name),
      ...(rotatedFor !== undefined && { annotations: { [annotations.keysRotatedFor]: rotatedFor } }),
      ownerReferences: controlledBy(workload),
    },
    type: 'Opaque',
    data: {
      current: currentValue(ring.current),
      ...Object.fromEntries(ring.keys.map(({ id, secret }) => [keyEntry(id), secret])),
    },
  };
}

/** Name of a key's entry, and value of the entry that says which one signs. */
export const keyEntry = (id: number): string => `key-${id}`;
export const currentValue = (id: number): string => btoa(String(id));

// Canonical base64 of 32 bytes: the last character before the padding carries four bits, so two of its six are zero.
const secretPattern = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const idPattern = /^(0|[1-9][0-9]{0,9})$/;
const highestId = 0xffff_ffff;

/** Strict: a ring that is only partly readable would end the sessions of the other part without a word. */
export function parseKeyRing(data: Record<string, string>): ParsedKeyRing {
  const keys: KeyRing['keys'] = [];
  for (const [entry, secret] of Object.entries(data)) {
    if (entry === 'current') continue;
    const id = entry.startsWith('key-') ? parseId(entry.slice('key-'.length)) : undefined;
    if (id === undefined) return damaged(`unexpected entry ${JSON.stringify(entry)}`);
    if (!secretPattern.test(secret)) return damaged(`entry ${entry} is not 32 bytes`);
    keys.push({ id, secret });
  }
  const current = parseId(decodeText(data['current'] ?? ''));
  if (current === undefined) return damaged('entry current is missing or not the number of a key');
  if (!keys.some(({ id }) => id === current)) return damaged(`entry current names key ${current}, which is not there`);
  return { kind: 'ring', ring: { current, keys: keys.toSorted((one, other) => one.id - other.id) } };
}

const damaged = (message: string): ParsedKeyRing => ({ kind: 'damaged', message });

function parseId(text: string): number | undefined {
  return idPattern.test(text) && Number(text) <= highestId ? Number(text) : undefined;
}

function decodeText(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}
