import { describe, expect, test } from '@jest/globals';
import { beginDrain, drainStep } from '../../../../src/core/drain/gate.ts';
import type { DrainAction, DrainLimits, DrainObservation, DrainRelease, DrainState } from '../../../../src/core/drain/gate.ts';

const limits: DrainLimits = { drainTimeoutMs: 60_000, quietPeriodMs: 5000, shutdownMarginMs: 10_000 };
const start = 1_000_000;
/** Far enough not to limit: the drain timeout does. */
const killAtMs = start + 100_000;

const sessions = (count: number, kill = killAtMs): DrainObservation => ({
  type: 'Answer',
  answer: { terminating: true, killAtMs: kill, sources: [{ type: 'Proxy', known: true, sessions: count }] },
});
const sources = (...known: (number | string)[]): DrainObservation => ({
  type: 'Answer',
  answer: {
    terminating: true,
    killAtMs,
    sources: known.map((one) => (typeof one === 'number' ? { type: 'Proxy', known: true, sessions: one } : { type: 'Proxy', known: false, why: one })),
  },
});
const unreachable: DrainObservation = { type: 'Unreachable', why: 'connection refused' };
const notTerminating: DrainObservation = { type: 'Answer', answer: { terminating: false } };
const timePassed: DrainObservation = { type: 'TimePassed' };

type Step = [afterMs: number, observation: DrainObservation];

function run(steps: Step[], override: Partial<DrainLimits> = {}): { state: DrainState; action: DrainAction } {
  let state = beginDrain({ ...limits, ...override }, start);
  let action: DrainAction = { type: 'Hold', deadlineMs: NaN };
  for (const [afterMs, observation] of steps) ({ state, action } = drainStep(state, observation, start + afterMs));
  return { state, action };
}

const releaseOf = (action: DrainAction): DrainRelease | undefined => (action.type === 'Release' ? action.release : undefined);

describe('the gate holds', () => {
  test.each<[string, Step[]]>([
    ['while a session lives', [[0, sessions(1)], [59_999, sessions(1)]]],
    ['at the first zero: it must last', [[0, sessions(0)]]],
    ['until the zero has lasted the whole quiet period', [[0, sessions(0)], [4999, sessions(0)]]],
    ['when a session came back within the quiet period', [[0, sessions(0)], [3000, sessions(1)], [3250, sessions(0)], [8000, sessions(0)]]],
    ['when an unknown interrupts the zero: unknown is not zero', [[0, sessions(0)], [3000, unreachable], [3250, sessions(0)], [8000, sessions(0)]]],
    ['when only time has passed since the zero: silence is no evidence', [[0, sessions(0)], [30_000, timePassed]]],
    ['while the operator cannot be reached', [[0, unreachable], [59_999, unreachable]]],
    ['while one of two sources cannot say', [[0, sources(0, 'no report since 8s')], [30_000, sources(0, 'no report since 38s')]]],
    ['while one of two sources counts a session', [[0, sources(0, 2)], [30_000, sources(0, 2)]]],
    ['when no source is left to ask', [[0, sources()], [30_000, sources()]]],
    ['when the operator takes back that the pod terminates: it cannot', [[0, sessions(3)], [1000, notTerminating], [20_000, notTerminating]]],
  ])('%s', (_, steps) => {
    expect(run(steps).action.type).toBe('Hold');
  });
});

describe('the gate releases', () => {
  test.each<[string, Step[], Partial<DrainRelease>]>([
    ['a container that restarts, at once', [[40, notTerminating]], { reason: 'NotTerminating', tookMs: 40 }],
    ['such a container also when the first question failed', [[0, unreachable], [2000, notTerminating]], { reason: 'NotTerminating' }],
    ['a pod without sessions after the quiet period', [[0, sessions(0)], [5000, sessions(0)]], { reason: 'DrainComplete', sessionsAtStart: 0, sessionsCut: 0 }],
    [
      'when the last session has ended and it stayed quiet, naming the most there were',
      [[0, sessions(2)], [250, sessions(3)], [10_000, sessions(0)], [15_000, sessions(0)]],
      { reason: 'DrainComplete', sessionsAtStart: 3, sessionsCut: 0, tookMs: 15_000, message: 'all sessions ended, at most 3 at one time; held for 15s' },
    ],
    [
      'at the drain timeout with the sessions that are cut',
      [[0, sessions(4)], [30_000, sessions(2)], [60_000, timePassed]],
      { reason: 'DrainDeadline', sessionsAtStart: 4, sessionsCut: 2, message: 'released with 2 sessions: the drain timeout of 1m is over' },
    ],
    [
      'at the drain timeout though nobody ever answered',
      [[0, unreachable], [60_000, timePassed]],
      { reason: 'DrainDeadline', message: 'released with an unknown number of sessions: the drain timeout of 1m is over' },
    ],
    [
      'early enough for the margin when the pod was deleted with a short grace',
      [[0, sessions(4, start + 30_000)], [20_000, timePassed]],
      { reason: 'DrainDeadline', sessionsCut: 4, message: 'released with 4 sessions: the pod was deleted with a grace that leaves no more time' },
    ],
    [
      'early when the grace is shortened during the drain, and says so',
      [[0, sessions(4)], [10_000, sessions(4, start + 30_000)], [20_000, timePassed]],
      { reason: 'DrainCutShort', sessionsCut: 4, message: 'released with 4 sessions: the grace was shortened by 1m10s during the drain' },
    ],
    [
      'early also when a replica that lags behind answers with the longer grace again',
      [[0, sessions(1)], [10_000, sessions(1, start + 30_000)], [12_000, sessions(1)], [20_000, timePassed]],
      { reason: 'DrainCutShort', sessionsCut: 1 },
    ],
    [
      'at the drain timeout as a plain deadline when a shortened grace did not limit it',
      [[0, sessions(1)], [10_000, sessions(1, start + 90_000)], [60_000, timePassed]],
      { reason: 'DrainDeadline', sessionsCut: 1 },
    ],
    ['at once when no time is left at all', [[0, sessions(1, start + 5000)]], { reason: 'DrainDeadline', sessionsCut: 1 }],
  ])('%s', (_, steps, release) => {
    expect(run(steps.slice(0, -1)).action.type).toBe('Hold');
    expect(releaseOf(run(steps).action)).toMatchObject(release);
  });

  test('without counting sessions as cut when it does not know their number', () => {
    const release = releaseOf(run([[0, sessions(4)], [50_000, unreachable], [60_000, timePassed]]).action);
    expect(release).toMatchObject({ reason: 'DrainDeadline', sessionsAtStart: 4 });
    expect(release).not.toHaveProperty('sessionsCut');
  });

  test('at the first zero where the quiet period is zero', () => {
    expect(releaseOf(run([[0, sessions(0)]], { quietPeriodMs: 0 }).action)).toMatchObject({ reason: 'DrainComplete' });
  });
});

test('what was released stays released, whatever comes after', () => {
  const { state, action } = run([[0, sessions(0)], [5000, sessions(0)]]);
  for (const late of [sessions(7), unreachable, notTerminating, timePassed]) {
    expect(drainStep(state, late, start + 6000)).toEqual({ state, action });
  }
});

test('the deadline is told with every hold, and moves earlier with the grace', () => {
  expect(run([[0, unreachable]]).action).toEqual({ type: 'Hold', deadlineMs: start + 60_000 });
  expect(run([[0, sessions(1, start + 30_000)]]).action).toEqual({ type: 'Hold', deadlineMs: start + 20_000 });
});
