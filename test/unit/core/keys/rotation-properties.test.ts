/** A model of everything that signs and verifies, with random actions: whatever the order of events, no proxy rejects a live token. */
import { describe, expect, test } from '@jest/globals';
import { longestWaitMs, maxKeys, planRotation } from '../../../../src/core/keys/rotation.ts';
import {
  isRotationRequested,
  parseKeyRing,
  readRotation,
  writeStep,
  type StoredRing,
} from '../../../../src/core/keys/key-ring-secret.ts';
import { annotations } from '../../../../src/core/names/names.ts';
import type { KeyRing } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';

const minute = 60_000;
const limits = { idleTimeoutMs: 30 * minute };
const secret = Buffer.alloc(32, 7).toString('base64');

type Act =
  | { kind: 'pass'; ms: number }
  | { kind: 'plan' }
  | { kind: 'receive'; proxy: number }
  | { kind: 'cut' | 'mend'; proxy: number }
  | { kind: 'replace'; proxy: number }
  | { kind: 'ask' }
  | { kind: 'request'; proxy: number; session: number };

const proxy = fc.nat({ max: 2 });
const sometimes = <Of>(weight: number, arbitrary: fc.Arbitrary<Of>) => ({ weight, arbitrary });
const passes = (weight: number, ms: fc.Arbitrary<number>) =>
  sometimes(weight, fc.record({ kind: fc.constant('pass' as const), ms }));
/** Weighted so that sessions live across several steps of a rotation, and some rotations complete. */
const act: fc.Arbitrary<Act> = fc.oneof(
  passes(4, fc.integer({ min: 1, max: 2 * minute })),
  passes(1, fc.integer({ min: 20 * minute, max: 40 * minute })),
  passes(1, fc.constant(24 * 60 * minute)),
  sometimes(6, fc.record({ kind: fc.constant('plan' as const) })),
  sometimes(5, fc.record({ kind: fc.constant('receive' as const), proxy })),
  sometimes(2, fc.record({ kind: fc.constantFrom('cut' as const, 'mend' as const), proxy })),
  sometimes(1, fc.record({ kind: fc.constant('replace' as const), proxy })),
  sometimes(2, fc.record({ kind: fc.constant('ask' as const) })),
  sometimes(10, fc.record({ kind: fc.constant('request' as const), proxy, session: fc.nat({ max: 1 }) })),
);

const readRing = ({ data = {} }: StoredRing): KeyRing => {
  const parsed = parseKeyRing(data);
  if (parsed.kind === 'damaged') throw new Error(parsed.message);
  return parsed.ring;
};

/** `ring`: the ring in the proxy's table. A disconnected proxy keeps it, and does not report. */
type Proxy = { uid: string; ring: KeyRing; isCut: boolean };
type Session = { keyId: number; lastSeenMs: number };

function createModel() {
  let nowMs = 1_000_000_000_000;
  let stored: StoredRing = {
    metadata: { creationTimestamp: new Date(nowMs).toISOString() },
    data: { current: btoa('1'), 'key-1': secret },
  };
  let asked = 0;
  const steps: string[] = [];
  const addedAtMs = new Map<number, number>();
  const promotedAtMs = new Map<number, number>();
  const proxies: Proxy[] = [0, 1, 2].map((index) => ({ uid: `p${index}`, ring: readRing(stored), isCut: false }));
  const sessions: (Session | undefined)[] = [];
  const at = (index: number): Proxy => proxies[index] ?? { uid: '', ring: readRing(stored), isCut: true };

  function takeStep(): void {
    stored.metadata.annotations = { ...stored.metadata.annotations, [annotations.rotateKeys]: String(asked) };
    const known = proxies.map(({ uid, ring, isCut }) => ({
      uid,
      ...(!isCut && { ring: { current: ring.current, ids: ring.keys.map(({ id }) => id) } }),
    }));
    const plan = planRotation(
      {
        state: readRotation(stored, readRing(stored)),
        proxies: known,
        tokens: [{ limits, renewsTokens: true }],
        requested: asked > 0 && isRotationRequested(stored),
      },
      nowMs,
    );
    if (plan.kind !== 'step') return;
    steps.push(plan.step.kind);
    if (plan.step.kind === 'Added') addedAtMs.set(plan.step.keyId, nowMs);
    if (plan.step.kind === 'Promoted') promotedAtMs.set(plan.step.keyId, nowMs);
    stored = writeStep(stored, plan.step, { newKey: secret, nowMs });
    expect(readRing(stored).keys.length).toBeLessThanOrEqual(maxKeys);
  }

  /** As a proxy does: accepts a token of a key that it has, and renews it if its key no longer signs. False: a live session was rejected. */
  function request({ ring }: Proxy, session: number): boolean {
    const token = sessions[session];
    const isLive = token !== undefined && nowMs - token.lastSeenMs < 1.25 * limits.idleTimeoutMs;
    const isKnown = ring.keys.some(({ id }) => id === token?.keyId);
    sessions[session] = { keyId: ring.current, lastSeenMs: nowMs };
    return !isLive || isKnown || isGivenUp(token, ring);
  }

  /** Whether this proxy, or the one that issued the token, was a day behind: no rotation waits for longer. */
  function isGivenUp({ keyId, lastSeenMs }: Session, ring: KeyRing): boolean {
    const isBehind =
      Math.max(...ring.keys.map(({ id }) => id)) < keyId && nowMs - (addedAtMs.get(keyId) ?? 0) >= longestWaitMs;
    const wasBehind = lastSeenMs - (promotedAtMs.get(keyId + 1) ?? nowMs) >= longestWaitMs;
    return isBehind || wasBehind;
  }

  return {
    steps,
    /** False: a live session was rejected. */
    run(act: Act): boolean {
      if (act.kind === 'pass') nowMs += act.ms;
      if (act.kind === 'plan') takeStep();
      if (act.kind === 'receive' && !at(act.proxy).isCut) at(act.proxy).ring = readRing(stored);
      if (act.kind === 'cut' || act.kind === 'mend') at(act.proxy).isCut = act.kind === 'cut';
      if (act.kind === 'replace') {
        proxies[act.proxy] = { uid: `p${act.proxy} of ${nowMs}`, ring: readRing(stored), isCut: false };
      }
      if (act.kind === 'ask') asked += 1;
      return act.kind !== 'request' || request(at(act.proxy), act.session);
    },
  };
}

describe('with proxies that receive rings late, are disconnected or replaced, and clients that use any of them', () => {
  test('no live session is rejected', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200, size: 'max' }), (acts) => {
        const model = createModel();
        expect(acts.findIndex((one) => !model.run(one))).toBe(-1);
      }),
      { numRuns: 500 },
    );
  });

  test('rotations complete, if no proxy stays disconnected', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60, size: 'max' }), (acts) => {
        const model = createModel();
        for (const one of acts) model.run(one);
        const before = model.steps.length;
        for (const index of [0, 1, 2]) model.run({ kind: 'mend', proxy: index });
        model.run({ kind: 'ask' });
        for (let round = 0; round < 20; round += 1) {
          model.run({ kind: 'plan' });
          for (const index of [0, 1, 2]) model.run({ kind: 'receive', proxy: index });
          model.run({ kind: 'pass', ms: 13 * 60 * minute });
        }
        expect(model.steps.slice(before)).toEqual(expect.arrayContaining(['Promoted', 'Settled', 'Retired']));
      }),
    );
  });
});
