/**
 * The Secret with the master keys, one for each epoch. Each key is an entry of its own, `key-<id>`, as raw bytes (a Secret's data is base64
 * anyway); `current` names the key that signs. The times of a rotation are annotations, where `kubectl describe` shows them. A time
 * that cannot be read counts as absent: that makes a rotation take longer, and never removes a key too early.
 */
import type { KeyRing } from '../../wire/routing-table.ts';
import { formatTime } from '../names/format.ts';
import { annotations, labels, managedByValue, masterKeysName } from '../names/names.ts';
import type { OwnedObject } from '../render/owned-object.ts';
import type { RotationState, RotationStep } from './rotation.ts';

export type ParsedKeyRing = { kind: 'ring'; ring: KeyRing } | { kind: 'damaged'; message: string };

/** The Secret is created once and never applied: that would replace keys that live sessions are signed with. */
export const buildKeyRingSecret = (namespace: string, ring: KeyRing): OwnedObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    namespace,
    name: masterKeysName,
    labels: { [labels.managedBy]: managedByValue, [labels.partOf]: 'holdfast' },
  },
  type: 'Opaque',
  data: {
    current: currentValue(ring.current),
    ...Object.fromEntries(ring.keys.map(({ id, secret }) => [keyEntry(id), secret])),
  },
});

const keyEntry = (id: number): string => `key-${id}`;
const currentValue = (id: number): string => btoa(String(id));

// Canonical base64 of 32 bytes: the last character before the padding carries four bits, so two of its six are zero.
const secretPattern = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const idPattern = /^(0|[1-9][0-9]{0,9})$/;
const highestId = 0xffff_ffff;

/** Strict: a ring that is only partly readable would silently end the sessions of the other keys. */
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

/** The part of the Secret that a rotation reads and changes. */
export type StoredRing = {
  metadata: { annotations?: Record<string, string>; creationTimestamp?: string };
  data?: Record<string, string>;
};

/** Returns the state of a rotation. A ring that was never rotated signs since the Secret was created. */
export function readRotation({ metadata }: StoredRing, { current, keys }: KeyRing): RotationState {
  const timeOf = (annotation: string) => parseTime(metadata.annotations?.[annotation]);
  const addedAtMs = timeOf(annotations.keyAddedAt);
  const settledAtMs = timeOf(annotations.keySettledAt);
  return {
    current,
    ids: keys.map(({ id }) => id),
    promotedAtMs: timeOf(annotations.keyPromotedAt) ?? parseTime(metadata.creationTimestamp) ?? 0,
    ...(addedAtMs !== undefined && { addedAtMs }),
    ...(settledAtMs !== undefined && { settledAtMs }),
  };
}

/** Whether a rotation is requested: the annotation has a value that no rotation has handled. */
export function isRotationRequested({ metadata: { annotations: own = {} } }: StoredRing): boolean {
  const wanted = own[annotations.rotateKeys];
  return wanted !== undefined && wanted !== own[annotations.keysRotatedFor];
}

/** `newKey`: for a step that adds a key. */
export type StepInputs = { newKey: string; nowMs: number };

/** Returns the Secret after a step. It replaces the whole object, so it must be written with the resourceVersion that was read. */
export function writeStep<Ring extends StoredRing>(secret: Ring, step: RotationStep, inputs: StepInputs): Ring {
  const rotateFor = secret.metadata.annotations?.[annotations.rotateKeys];
  const { entries, notes } = changesOf(step, { ...inputs, rotateFor });
  return {
    ...secret,
    metadata: { ...secret.metadata, annotations: merged(secret.metadata.annotations, notes) },
    data: merged(secret.data, entries),
  };
}

/** Undefined: remove the entry. */
type Values = Record<string, string | undefined>;

function changesOf(
  step: RotationStep,
  { newKey, rotateFor, nowMs }: StepInputs & { rotateFor: string | undefined },
): { entries: Values; notes: Values } {
  const now = formatTime(nowMs);
  if (step.kind === 'Added') {
    const served = rotateFor === undefined ? {} : { [annotations.keysRotatedFor]: rotateFor };
    return { entries: { [keyEntry(step.keyId)]: newKey }, notes: { ...served, [annotations.keyAddedAt]: now } };
  }
  if (step.kind === 'Promoted') {
    // No key is pending any more, and it is not known yet whether every proxy signs with this one.
    const notes = {
      [annotations.keyPromotedAt]: now,
      [annotations.keyAddedAt]: undefined,
      [annotations.keySettledAt]: undefined,
    };
    return { entries: { current: currentValue(step.keyId) }, notes };
  }
  if (step.kind === 'Settled') return { entries: {}, notes: { [annotations.keySettledAt]: now } };
  return { entries: Object.fromEntries(step.keyIds.map((id) => [keyEntry(id), undefined])), notes: {} };
}

const merged = (before: Record<string, string> = {}, values: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...before, ...values }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

function parseTime(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
