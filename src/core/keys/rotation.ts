/**
 * Rotation of a StickyWorkload's session keys, without a session lost.
 *
 *                age, or asked for                    every proxy has key n, a minute on
 *     STEADY ───────────────────────► ADDED n ─────────────────────────────────────────► PROMOTED n ◄─────┐
 *        ▲     key n verifies, the old one signs                  n signs, the old ones verify            │
 *        │                                                                                                │ a proxy is cut off:
 *        │       no token of an old key can be alive              every proxy signs with n                │ wait, and say so
 *        └────────────────────────────────────────── SETTLED ◄────────────────────────────────────────────┘
 *              old keys are removed (Retired)
 *
 * Why no proxy ever refuses a live token:
 * - A proxy signs with a key only when it is `current`, and it becomes that only after each running proxy has said that it has the key.
 *   Time alone would not do: a proxy that is cut off keeps an old table for as long as that lasts.
 * - A token is renewed with its session's next response when its key is no longer current. So since SETTLED no proxy makes tokens of
 *   an old key, and after the longest time for which a session can go without a request all of them have ended.
 * What that time does not cover is a stream that stays open for longer while its client sends nothing else: the client keeps the token
 * of the handshake, and when it comes back after the key was retired it begins a new session.
 *
 * A rotation may begin while old keys of the one before wait for their end, up to `maxKeys`; they are then retired together.
 */
import type { Reason } from '../../api/reasons.ts';
import { formatList } from '../names/format.ts';
import type { KeyRingReport } from '../../wire/messages.ts';
import type { SessionLimits } from '../../wire/routing-table.ts';

/** A key ring without its secrets, and when its steps were taken. Unix ms. */
export type RotationState = KeyRingReport & {
  /** When the newest key was added; absent where no key waits to be promoted. */
  addedAtMs?: number;
  /** Since when `current` signs. */
  promotedAtMs: number;
  /** Since when every proxy signs with `current`; absent while that is not known. */
  settledAtMs?: number;
};

/** `ring`: what the proxy verifies and signs with, by its own word of the last seconds; absent where it is silent. */
export type ProxyKeys = { uid: string; ring?: KeyRingReport };

export type RotationInput = {
  state: RotationState;
  /** Every running proxy of every Gateway that serves the StickyWorkload. */
  proxies: readonly ProxyKeys[];
  limits: SessionLimits;
  /** Whether the user asked for a rotation that has not begun. */
  requested: boolean;
};

export type RotationStep =
  | { kind: 'Added'; keyId: number; reason: Extract<Reason, 'KeyRotationStarted'>; message: string }
  | { kind: 'Promoted'; keyId: number; reason: Extract<Reason, 'KeyRotationPromoted'>; message: string }
  | { kind: 'Settled' }
  | { kind: 'Retired'; keyIds: number[]; reason: Extract<Reason, 'KeyRotationComplete'>; message: string };

export type RotationPlan =
  | { kind: 'step'; step: RotationStep }
  | { kind: 'waiting'; reason: Extract<Reason, 'KeyRotationWaiting'>; message: string }
  | { kind: 'nothing' };

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export const rotateAfterMs = 30 * dayMs;
/**
 * A proxy may turn from one replica of the operator to another whose watch of Secrets lags behind its other watches, and so to a table
 * without the new key, after it has confirmed. No watch that is not broken lags for as long.
 */
export const promoteAfterMs = minuteMs;
/** A rotation that waits for longer than this is spoken of. */
export const patienceMs = 5 * minuteMs;
export const maxKeys = 3;
const highestKeyId = 0xffff_ffff;

/** How long after SETTLED a token of an old key may be alive. Twice the idle timeout: an idle session ends after 1.25 of it. */
export const keptForMs = ({ idleTimeoutMs, absoluteTimeoutMs = 0 }: SessionLimits): number =>
  Math.max(dayMs, 2 * idleTimeoutMs, absoluteTimeoutMs);

/** The next step, at most one: each is planned from what is stored. */
export function planRotation(input: RotationInput, nowMs: number): RotationPlan {
  const step =
    planPromotion(input, nowMs) ?? planSettlement(input) ?? planRetirement(input, nowMs) ?? planAddition(input, nowMs);
  if (step) return { kind: 'step', step };
  const message = whatBlocks(input, nowMs);
  return message === undefined ? { kind: 'nothing' } : { kind: 'waiting', reason: 'KeyRotationWaiting', message };
}

function planPromotion({ state, proxies }: RotationInput, nowMs: number): RotationStep | undefined {
  const pending = pendingKey(state);
  if (
    pending === undefined ||
    nowMs - pending.sinceMs < promoteAfterMs ||
    missingConfirmations(proxies, hasKey(pending.id)).length > 0
  ) {
    return undefined;
  }
  const message = `Every proxy has session key ${pending.id}: it signs new tokens. Tokens of older keys remain valid.`;
  return { kind: 'Promoted', keyId: pending.id, reason: 'KeyRotationPromoted', message };
}

function planSettlement({ state, proxies }: RotationInput): RotationStep | undefined {
  const isDue = state.settledAtMs === undefined && oldKeys(state).length > 0;
  return isDue && missingConfirmations(proxies, signsWith(state.current)).length === 0
    ? { kind: 'Settled' }
    : undefined;
}

function planRetirement({ state, limits }: RotationInput, nowMs: number): RotationStep | undefined {
  const keyIds = oldKeys(state);
  if (keyIds.length === 0 || state.settledAtMs === undefined || nowMs - state.settledAtMs < keptForMs(limits)) {
    return undefined;
  }
  const message = `Removed session ${keyIds.length === 1 ? 'key' : 'keys'} ${keyIds.join(', ')}: no live session can have a token signed with ${keyIds.length === 1 ? 'it' : 'them'}.`;
  return { kind: 'Retired', keyIds, reason: 'KeyRotationComplete', message };
}

function planAddition({ state, requested }: RotationInput, nowMs: number): RotationStep | undefined {
  const isDue = requested || nowMs - state.promotedAtMs >= rotateAfterMs;
  if (!isDue || pendingKey(state) !== undefined || whyNoRoom(state) !== undefined) return undefined;
  const keyId = highestOf(state) + 1;
  const trigger = requested ? 'as the annotation requests' : 'because the signing key is 30 days old';
  return {
    kind: 'Added',
    keyId,
    reason: 'KeyRotationStarted',
    message: `Session key ${keyId} was added, ${trigger}; it signs tokens once every proxy has it.`,
  };
}

const highestOf = ({ ids }: RotationState): number => Math.max(...ids);

/** The key that was added and does not sign yet. */
function pendingKey(state: RotationState): { id: number; sinceMs: number } | undefined {
  const id = highestOf(state);
  return state.addedAtMs === undefined || id <= state.current ? undefined : { id, sinceMs: state.addedAtMs };
}

/** Keys that verify only, and will never sign again. */
function oldKeys(state: RotationState): number[] {
  const pending = pendingKey(state)?.id;
  return state.ids.filter((id) => id !== state.current && id !== pending);
}

/** Numbers are never used twice: a proxy that confirmed the key 2 of yesterday would be taken to know that of today. */
function whyNoRoom(state: RotationState): string | undefined {
  if (highestOf(state) >= highestKeyId) {
    return `key ids are exhausted (the highest is ${highestKeyId}); deleting the Secret starts again, but ends all sessions`;
  }
  return state.ids.length < maxKeys
    ? undefined
    : `the key ring has the maximum of ${maxKeys} keys; the next key is added when old ones are retired`;
}

function whatBlocks({ state, proxies, requested }: RotationInput, nowMs: number): string | undefined {
  const pending = pendingKey(state);
  if (pending) {
    if (nowMs - pending.sinceMs < patienceMs) return undefined;
    return `Session key ${pending.id} cannot sign yet: ${describe(missingConfirmations(proxies, hasKey(pending.id)))}. Sessions continue with key ${state.current}.`;
  }
  if (requested) return `No session key can be added: ${whyNoRoom(state)}.`;
  if (state.settledAtMs !== undefined || oldKeys(state).length === 0 || nowMs - state.promotedAtMs < patienceMs) {
    return undefined;
  }
  return `Session key ${oldKeys(state).join(', ')} cannot be retired yet: ${describe(missingConfirmations(proxies, signsWith(state.current)))}. Sessions are not affected.`;
}

type Demand = (ring: KeyRingReport) => string | undefined;

const hasKey =
  (id: number): Demand =>
  ({ ids }) =>
    ids.includes(id) ? undefined : `does not have key ${id}`;
const signsWith =
  (id: number): Demand =>
  ({ current }) =>
    current === id ? undefined : `signs with key ${current}`;

/** Why it is not certain that every proxy does what is asked; empty where it is. */
function missingConfirmations(proxies: readonly ProxyKeys[], demand: Demand): string[] {
  // One that starts now may have been given an older table: without a word of any proxy nothing is certain.
  if (proxies.length === 0) return ['no proxy is running'];
  return proxies.flatMap(({ uid, ring }) => {
    const doubt = ring === undefined ? 'has not reported its keys' : demand(ring);
    return doubt === undefined ? [] : [`proxy pod ${uid} ${doubt}`];
  });
}

/** Bounded: it becomes an event. */
const describe = (missing: string[]): string => formatList(missing, { max: 3, separator: '; ' });
