import { expect, test } from '@jest/globals';
import { drainStep } from '../../../../src/core/drain/gate.ts';
import { beginDrain } from '../../../../src/core/drain/state.ts';
import type { DrainObservation, DrainPolicy, DrainState } from '../../../../src/core/drain/state.ts';
import type { SessionSource } from '../../../../src/wire/messages.ts';
import { fc } from '../../../support/fast-check.ts';

const start = 1_000_000;
const policies: fc.Arbitrary<DrainPolicy> = fc.record({
  drainTimeoutMs: fc.integer({ min: 1, max: 60_000 }),
  quietPeriodMs: fc.integer({ min: 0, max: 5000 }),
  shutdownMarginMs: fc.integer({ min: 0, max: 10_000 }),
  sources: fc.subarray(['Proxy', 'Connections'] as const, { minLength: 1 }),
  sessionThreshold: fc.constantFrom(0, 0, 2),
});
const source: fc.Arbitrary<SessionSource> = fc.oneof(
  fc.record({
    type: fc.constantFrom('Proxy' as const, 'Connections' as const),
    known: fc.constant(true as const),
    sessions: fc.constantFrom(0, 0, 0, 1, 7),
  }),
  fc.record({
    type: fc.constantFrom('Proxy' as const, 'Connections' as const),
    known: fc.constant(false as const),
    reason: fc.constant('no report'),
  }),
);
const terminating: fc.Arbitrary<DrainObservation> = fc.record({
  type: fc.constant('Status' as const),
  status: fc.record({
    terminating: fc.constant(true as const),
    killAtMs: fc.integer({ min: start, max: start + 100_000 }),
    sources: fc.array(source, { maxLength: 3 }),
  }),
});
const observation: fc.Arbitrary<DrainObservation> = fc.oneof(
  { weight: 6, arbitrary: terminating },
  { weight: 1, arbitrary: fc.constant<DrainObservation>({ type: 'Status', status: { terminating: false } }) },
  { weight: 1, arbitrary: fc.constant<DrainObservation>({ type: 'Unreachable', reason: 'refused' }) },
  { weight: 1, arbitrary: fc.constant<DrainObservation>({ type: 'TimePassed' }) },
);
const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 8000 }), observation }), { maxLength: 25 });
type Steps = { waitMs: number; observation: DrainObservation }[];

/** What the gate should know, derived only from the history of observations. */
type Seen = { nowMs: number; observation: DrainObservation; state: DrainState; released: boolean };

function play(policy: DrainPolicy, sequence: Steps): Seen[] {
  const history: Seen[] = [];
  let state = beginDrain(policy, start);
  let nowMs = start;
  for (const step of sequence) {
    nowMs += step.waitMs;
    const result = drainStep(state, step.observation, nowMs);
    state = result.state;
    history.push({ nowMs, observation: step.observation, state, released: result.action.type === 'Release' });
    if (result.action.type === 'Release') break;
  }
  return history;
}

const isZero = ({ observation }: Seen, { sources, sessionThreshold }: DrainPolicy): boolean =>
  observation.type === 'Status' &&
  observation.status.terminating &&
  sources.every((type) =>
    isEmpty(
      observation.status.terminating ? observation.status.sources.filter((one) => one.type === type) : [],
      sessionThreshold,
    ),
  );

const isEmpty = (ofType: SessionSource[], threshold: number): boolean =>
  ofType.length > 0 &&
  ofType.every((one) => one.known) &&
  ofType.reduce((sum, one) => sum + (one.known ? one.sessions : NaN), 0) <= threshold;

const saidTerminating = ({ observation }: Seen): boolean =>
  observation.type === 'Status' && observation.status.terminating;

function deadlineOf(policy: DrainPolicy, history: Seen[]): number {
  const kills = history.flatMap(({ observation }) =>
    observation.type === 'Status' && observation.status.terminating ? [observation.status.killAtMs] : [],
  );
  return Math.min(start + policy.drainTimeoutMs, ...kills.map((kill) => kill - policy.shutdownMarginMs));
}

test('a release has one of three causes: zero for the quiet period, a restarting container, or the deadline', () => {
  fc.assert(
    fc.property(policies, steps, (limit, sequence) => {
      const history = play(limit, sequence);
      const last = history.at(-1);
      const release = last?.state.release;
      if (!last || !release) return;
      if (release.reason === 'NotTerminating') {
        expect(history.some(saidTerminating)).toBe(false);
        expect(last.observation).toEqual({ type: 'Status', status: { terminating: false } });
      } else if (release.reason === 'DrainComplete') {
        // TimePassed is not evidence; all other observations in the quiet period must be zero.
        const evidence = history.filter((seen) => seen.observation.type !== 'TimePassed');
        const row = evidence.slice(evidence.findLastIndex((seen) => !isZero(seen, limit)) + 1);
        expect(last.nowMs - (row[0]?.nowMs ?? NaN)).toBeGreaterThanOrEqual(limit.quietPeriodMs);
      } else {
        expect(last.nowMs).toBeGreaterThanOrEqual(deadlineOf(limit, history));
      }
    }),
    { numRuns: 2000 },
  );
});

test('the deadline always releases', () => {
  fc.assert(
    fc.property(policies, steps, (limit, sequence) => {
      const history = play(limit, sequence);
      for (const seen of history) {
        const due = seen.nowMs >= deadlineOf(limit, history.slice(0, history.indexOf(seen) + 1));
        expect(!due || seen.released).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('an unknown count in between never makes a drain end earlier', () => {
  const unknown: DrainObservation = { type: 'Unreachable', reason: 'refused' };
  fc.assert(
    fc.property(policies, steps, fc.nat(), (limit, sequence, at) => {
      const index = at % (sequence.length + 1);
      const disturbed = [...sequence.slice(0, index), { waitMs: 0, observation: unknown }, ...sequence.slice(index)];
      const endOf = (history: Seen[]) => (history.at(-1)?.released ? (history.at(-1)?.nowMs ?? NaN) : Infinity);
      expect(endOf(play(limit, disturbed))).toBeGreaterThanOrEqual(endOf(play(limit, sequence)));
    }),
    { numRuns: 2000 },
  );
});
