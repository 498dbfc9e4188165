/**
 * How a rotation is kept: keys as entries of the Secret, times as its annotations, where `kubectl describe` shows them. A time that
 * cannot be read is one that is not there: what follows from that is a rotation that takes longer, never a key that goes too early.
 */
import { annotations } from '../names/names.ts';
import { currentValue, keyEntry } from '../render/key-ring.ts';
import { formatTime } from '../names/format.ts';
import type { KeyRing } from '../../wire/routing-table.ts';
import type { RotationState, RotationStep } from './rotation.ts';

/** What of the Secret matters here; the rest of it is handed on. */
export type StoredRing = {
  metadata: { annotations?: Record<string, string>; creationTimestamp?: string };
  data?: Record<string, string>;
};

/** What is known of a rotation. A ring that was never rotated signs since it was created. */
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

/** Whether the StickyWorkload asks for a rotation: its annotation has a value for which there was none. */
export function isRotationRequested(
  workload: { annotations?: Record<string, string> },
  { metadata }: StoredRing,
): boolean {
  const wanted = workload.annotations?.[annotations.rotateKeys];
  return wanted !== undefined && wanted !== metadata.annotations?.[annotations.keysRotatedFor];
}

/** `newKey`: for a step that adds one. `rotateFor`: the value of the StickyWorkload's annotation. */
export type StepInputs = { newKey: string; rotateFor: string | undefined; nowMs: number };

/** The Secret after a step. It replaces the whole object, so it must be written with the resourceVersion it was read with. */
export function writeStep<Ring extends StoredRing>(secret: Ring, step: RotationStep, inputs: StepInputs): Ring {
  const { entries, notes } = changesOf(step, inputs);
  return {
    ...secret,
    metadata: { ...secret.metadata, annotations: merged(secret.metadata.annotations, notes) },
    data: merged(secret.data, entries),
  };
}

/** Undefined: is to go. */
type Values = Record<string, string | undefined>;

function changesOf(step: RotationStep, { newKey, rotateFor, nowMs }: StepInputs): { entries: Values; notes: Values } {
  const now = formatTime(nowMs);
  if (step.kind === 'Added') {
    const served = rotateFor === undefined ? {} : { [annotations.keysRotatedFor]: rotateFor };
    return { entries: { [keyEntry(step.keyId)]: newKey }, notes: { ...served, [annotations.keyAddedAt]: now } };
  }
  if (step.kind === 'Promoted') {
    // Whether all sign with it is open again, and no key waits any more.
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
