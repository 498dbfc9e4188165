/**
 * Rotation of the session keys of all StickyWorkloads, without losing a session. A key is that of one epoch: see `derive.ts`.
 *
 *                age, or requested                    every proxy has key n, a minute later
 *     STEADY ───────────────────────► ADDED n ─────────────────────────────────────────► PROMOTED n ◄─────┐
 *        ▲     key n verifies, the old one signs                  n signs, the old ones verify            │
 *        │                                                                                                │ a proxy is disconnected:
 *        │       no token of an old key can be live               every proxy signs with n                │ wait, and report it
 *        └────────────────────────────────────────── SETTLED ◄────────────────────────────────────────────┘
 *              old keys are removed (Retired)
 *
 * Why no proxy ever refuses a live token:
 * - A proxy signs with a key only when it is `current`, which it becomes only after each running proxy has reported that it has the key.
 *   Waiting alone would not be enough: a proxy that is disconnected keeps its old table until it reconnects.
 * - A token whose key is no longer current is renewed with its session's next response. So since SETTLED no proxy issues tokens of
 *   an old key, and after the longest time that a session can be without a request all of them have ended. The tokens of sessions that the
 *   app owns are not renewed: their keys are kept for longer, see `keptForMs`.
 * This time does not cover a stream that stays open for longer while its client sends nothing else: the client keeps the token
 * of the handshake, and if it returns after the key was retired it starts a new session.
 *
 * A rotation may start while old keys of the previous one are not retired yet, up to `maxKeys`; they are then retired together.
 */
import type { Reason } from '../../api/reasons.ts';
import { formatList } from '../names/format.ts';
import type { KeyRingReport } from '../../wire/messages.ts';
import type { SessionLimits } from '../../wire/routing-table.ts';

/** A key ring without its secrets, and the times of its steps in Unix ms. */
export type RotationState = KeyRingReport & {
  /** When the newest key was added; absent if no key is pending. */
  addedAtMs?: number;
  /** Since when `current` signs. */
  promotedAtMs: number;
  /** Since when every proxy signs with `current`; absent if that is not known. */
  settledAtMs?: number;
};

/** `ring`: the keys that the proxy has reported within the last seconds; absent if it has not reported. */
export type ProxyKeys = { uid: string; ring?: KeyRingReport };

export type RotationInput = {
  state: RotationState;
  /** Every running proxy of every Gateway that serves a StickyWorkload. */
  proxies: readonly ProxyKeys[];
  /** Of every StickyWorkload that is served. */
  tokens: readonly TokenLimits[];
  /** Whether an administrator has requested a rotation that has not started. */
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
 * After it has confirmed the new key, a proxy may switch to another operator replica whose watch of Secrets lags behind its other watches,
 * and so to a table without the key. No working watch lags this long.
 */
export const promoteAfterMs = minuteMs;
/**
 * For so long a rotation waits for a proxy. Its own clients alone depend on it: tokens are valid in its Gateway only. A proxy that never
 * confirms, which anyone who may create pods can have, does not keep the keys of other namespaces in use.
 */
export const longestWaitMs = dayMs;
/** A rotation that waits for longer than this is reported. */
export const patienceMs = 5 * minuteMs;
export const maxKeys = 3;
const highestKeyId = 0xffff_ffff;

/** `renewsTokens`: false if the app owns the cookie or header. Then a session may keep its first token for as long as it lives. */
export type TokenLimits = { limits: SessionLimits; renewsTokens: boolean };

/**
 * Returns how long after SETTLED a token of an old key may be live. Twice the idle timeout: an idle session ends after 1.25 times that. A
 * token that is not renewed ends with the absolute timeout only; without one, a key is kept for as long as it has signed.
 */
export function keptForMs({ limits: { idleTimeoutMs, absoluteTimeoutMs }, renewsTokens }: TokenLimits): number {
  const unlimitedMs = renewsTokens || absoluteTimeoutMs !== undefined ? 0 : rotateAfterMs;
  return Math.max(dayMs, 2 * idleTimeoutMs, absoluteTimeoutMs ?? 0, unlimitedMs);
}

const longestKeptMs = (tokens: readonly TokenLimits[]): number => Math.max(dayMs, ...tokens.map(keptForMs));

/** Returns the next step, at most one: each is planned from what is stored. */
export function planRotation(input: RotationInput, nowMs: number): RotationPlan {
  const step =
    planPromotion(input, nowMs) ??
    planSettlement(input, nowMs) ??
    planRetirement(input, nowMs) ??
    planAddition(input, nowMs);
  if (step) return { kind: 'step', step };
  const message = describeObstacle(input, nowMs);
  return message === undefined ? { kind: 'nothing' } : { kind: 'waiting', reason: 'KeyRotationWaiting', message };
}

function planPromotion({ state, proxies }: RotationInput, nowMs: number): RotationStep | undefined {
  const pending = pendingKey(state);
  if (pending === undefined || nowMs - pending.sinceMs < promoteAfterMs) return undefined;
  const missing = missingConfirmations(proxies, hasKey(pending.id));
  if (missing.length > 0 && nowMs - pending.sinceMs < longestWaitMs) return undefined;
  const message =
    missing.length > 0
      ? `Session key ${pending.id} signs new tokens, although ${describe(missing)} within a day. Tokens of older keys remain valid.`
      : `Every proxy has session key ${pending.id}: it signs new tokens. Tokens of older keys remain valid.`;
  return { kind: 'Promoted', keyId: pending.id, reason: 'KeyRotationPromoted', message };
}

function planSettlement({ state, proxies }: RotationInput, nowMs: number): RotationStep | undefined {
  const isDue = state.settledAtMs === undefined && oldKeys(state).length > 0;
  const isOverdue = nowMs - state.promotedAtMs >= longestWaitMs;
  return isDue && (isOverdue || missingConfirmations(proxies, signsWith(state.current)).length === 0)
    ? { kind: 'Settled' }
    : undefined;
}

function planRetirement({ state, tokens }: RotationInput, nowMs: number): RotationStep | undefined {
  const keyIds = oldKeys(state);
  if (keyIds.length === 0 || state.settledAtMs === undefined || nowMs - state.settledAtMs < longestKeptMs(tokens)) {
    return undefined;
  }
  const message = `Removed session ${nameKeys(keyIds)}: no live session can have a token signed with ${keyIds.length === 1 ? 'it' : 'them'}.`;
  return { kind: 'Retired', keyIds, reason: 'KeyRotationComplete', message };
}

function planAddition({ state, requested }: RotationInput, nowMs: number): RotationStep | undefined {
  const isDue = requested || nowMs - state.promotedAtMs >= rotateAfterMs;
  if (!isDue || pendingKey(state) !== undefined || describeFullRing(state) !== undefined) return undefined;
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

/** `key 1`, `keys 1, 2`. */
const nameKeys = (ids: readonly number[]): string => `${ids.length === 1 ? 'key' : 'keys'} ${ids.join(', ')}`;

/** Keys that verify only, and will never sign again. */
function oldKeys(state: RotationState): number[] {
  const pending = pendingKey(state)?.id;
  return state.ids.filter((id) => id !== state.current && id !== pending);
}

/** Key ids are never reused: a proxy that confirmed yesterday's key 2 would seem to have today's. Returns undefined if a key can be added. */
function describeFullRing(state: RotationState): string | undefined {
  if (highestOf(state) >= highestKeyId) {
    return `key ids are exhausted (the highest is ${highestKeyId}); deleting the Secret starts again, but ends all sessions`;
  }
  return state.ids.length < maxKeys
    ? undefined
    : `the key ring has the maximum of ${maxKeys} keys; the next key is added when old ones are retired`;
}

function describeObstacle({ state, proxies, requested }: RotationInput, nowMs: number): string | undefined {
  const pending = pendingKey(state);
  if (pending) {
    if (nowMs - pending.sinceMs < patienceMs) return undefined;
    return `Session key ${pending.id} cannot sign yet: ${describe(missingConfirmations(proxies, hasKey(pending.id)))}. Sessions continue with key ${state.current}.`;
  }
  if (requested) return `No session key can be added: ${describeFullRing(state)}.`;
  if (state.settledAtMs !== undefined || oldKeys(state).length === 0 || nowMs - state.promotedAtMs < patienceMs) {
    return undefined;
  }
  return `Session ${nameKeys(oldKeys(state))} cannot be retired yet: ${describe(missingConfirmations(proxies, signsWith(state.current)))}. Sessions are not affected.`;
}

type Requirement = (ring: KeyRingReport) => string | undefined;

const hasKey =
  (id: number): Requirement =>
  ({ ids }) =>
    ids.includes(id) ? undefined : `does not have key ${id}`;
const signsWith =
  (id: number): Requirement =>
  ({ current }) =>
    current === id ? undefined : `signs with key ${current}`;

/** Returns why it is not certain that every proxy meets the requirement; empty if it is. */
function missingConfirmations(proxies: readonly ProxyKeys[], requirement: Requirement): string[] {
  // A proxy that is starting may have an older table: without a report of any proxy nothing is certain.
  if (proxies.length === 0) return ['no proxy is running'];
  return proxies.flatMap(({ uid, ring }) => {
    const problem = ring === undefined ? 'has not reported its keys' : requirement(ring);
    return problem === undefined ? [] : [`proxy pod ${uid} ${problem}`];
  });
}

/** Bounded, because it becomes an event. */
const describe = (missing: string[]): string => formatList(missing, { max: 3, separator: '; ' });
