import { describe, expect, test } from '@jest/globals';
import { drainStep } from '../../../../src/core/drain/gate.ts';
import { beginDrain } from '../../../../src/core/drain/state.ts';
import type {
  DrainAction,
  DrainObservation,
  DrainPolicy,
  DrainRelease,
  DrainState,
} from '../../../../src/core/drain/state.ts';
import type { SessionSource, SourceType } from '../../../../src/wire/messages.ts';

const policy: DrainPolicy = {
  drainTimeoutMs: 60_000,
  quietPeriodMs: 5000,
  shutdownMarginMs: 10_000,
  sources: ['Proxy'],
  sessionThreshold: 0,
};
const start = 1_000_000;
/** Late enough that the drain timeout limits. */
const killAtMs = start + 100_000;

const sessions = (count: number, kill = killAtMs): DrainObservation => ({
  type: 'Status',
  status: { terminating: true, killAtMs: kill, sources: [{ type: 'Proxy', known: true, sessions: count }] },
});
/** An eviction or another disruption, with its grace period. */
const disrupted = (count: number, kill: number, disruption: string): DrainObservation => ({
  type: 'Status',
  status: { terminating: true, killAtMs: kill, disruption, sources: [{ type: 'Proxy', known: true, sessions: count }] },
});
const counted = (...list: SessionSource[]): DrainObservation => ({
  type: 'Status',
  status: { terminating: true, killAtMs, sources: list },
});
const counts = (type: SourceType, count: number): SessionSource => ({ type, known: true, sessions: count });
const withoutCount = (type: SourceType): SessionSource => ({ type, known: false, reason: 'no status' });
const sources = (...known: (number | string)[]): DrainObservation => ({
  type: 'Status',
  status: {
    terminating: true,
    killAtMs,
    sources: known.map((one) =>
      typeof one === 'number'
        ? { type: 'Proxy', known: true, sessions: one }
        : { type: 'Proxy', known: false, reason: one },
    ),
  },
});
const unreachable: DrainObservation = { type: 'Unreachable', reason: 'connection refused' };
const notTerminating: DrainObservation = { type: 'Status', status: { terminating: false } };
const timePassed: DrainObservation = { type: 'TimePassed' };

const countedHere = (count: number): DrainObservation => ({
  type: 'Counted',
  sources: [{ type: 'Connections', known: true, sessions: count }],
});

type Step = [afterMs: number, observation: DrainObservation];

function run(steps: Step[], override: Partial<DrainPolicy> = {}): { state: DrainState; action: DrainAction } {
  let state = beginDrain({ ...policy, ...override }, start);
  let action: DrainAction = { type: 'Hold', deadlineMs: NaN };
  for (const [afterMs, observation] of steps) ({ state, action } = drainStep(state, observation, start + afterMs));
  return { state, action };
}

const releaseOf = (action: DrainAction): DrainRelease | undefined =>
  action.type === 'Release' ? action.release : undefined;

describe('the gate holds', () => {
  test.each<[string, Step[]]>([
    [
      'while a session lives',
      [
        [0, sessions(1)],
        [59_999, sessions(1)],
      ],
    ],
    ['at the first zero, which must last', [[0, sessions(0)]]],
    [
      'until the zero has lasted the whole quiet period',
      [
        [0, sessions(0)],
        [4999, sessions(0)],
      ],
    ],
    [
      'when a session returned within the quiet period',
      [
        [0, sessions(0)],
        [3000, sessions(1)],
        [3250, sessions(0)],
        [8000, sessions(0)],
      ],
    ],
    [
      'when an unknown count interrupts the zero',
      [
        [0, sessions(0)],
        [3000, unreachable],
        [3250, sessions(0)],
        [8000, sessions(0)],
      ],
    ],
    [
      'when only time has passed since the zero, which is not evidence',
      [
        [0, sessions(0)],
        [30_000, timePassed],
      ],
    ],
    [
      'while the operator is unreachable',
      [
        [0, unreachable],
        [59_999, unreachable],
      ],
    ],
    [
      'while one of two sources has no count',
      [
        [0, sources(0, 'no report since 8s')],
        [30_000, sources(0, 'no report since 38s')],
      ],
    ],
    [
      'while one of two sources counts a session',
      [
        [0, sources(0, 2)],
        [30_000, sources(0, 2)],
      ],
    ],
    [
      'when no source is configured',
      [
        [0, sources()],
        [30_000, sources()],
      ],
    ],
    [
      'when the operator reports that a terminating pod is not terminating, which is impossible',
      [
        [0, sessions(3)],
        [1000, notTerminating],
        [20_000, notTerminating],
      ],
    ],
  ])('%s', (_, steps) => {
    expect(run(steps).action.type).toBe('Hold');
  });
});

describe('the gate releases', () => {
  test.each<[string, Step[], Partial<DrainRelease>]>([
    ['a restarting container at once', [[40, notTerminating]], { reason: 'NotTerminating', tookMs: 40 }],
    [
      'a restarting container also after the first request failed',
      [
        [0, unreachable],
        [2000, notTerminating],
      ],
      { reason: 'NotTerminating' },
    ],
    [
      'a pod without sessions after the quiet period',
      [
        [0, sessions(0)],
        [5000, sessions(0)],
      ],
      { reason: 'DrainComplete', sessionsAtStart: 0, sessionsCut: 0 },
    ],
    [
      'after the last session has ended and the quiet period has passed, with the maximum number of sessions',
      [
        [0, sessions(2)],
        [250, sessions(3)],
        [10_000, sessions(0)],
        [15_000, sessions(0)],
      ],
      {
        reason: 'DrainComplete',
        sessionsAtStart: 3,
        sessionsCut: 0,
        tookMs: 15_000,
        message: 'all sessions ended, at most 3 at a time; held for 15s',
      },
    ],
    [
      'at the drain timeout, with the number of sessions that are cut',
      [
        [0, sessions(4)],
        [30_000, sessions(2)],
        [60_000, timePassed],
      ],
      {
        reason: 'DrainDeadline',
        sessionsAtStart: 4,
        sessionsCut: 2,
        message: 'released with 2 sessions: the drain timeout of 1m has elapsed',
      },
    ],
    [
      'at the drain timeout although the operator was never reachable',
      [
        [0, unreachable],
        [60_000, timePassed],
      ],
      {
        reason: 'DrainDeadline',
        message: 'released with an unknown number of sessions: the drain timeout of 1m has elapsed',
      },
    ],
    [
      'early enough for the margin when the pod was deleted with a short grace period',
      [
        [0, sessions(4, start + 30_000)],
        [20_000, timePassed],
      ],
      {
        reason: 'DrainDeadline',
        sessionsCut: 4,
        message: 'released with 4 sessions: the pod was deleted with a grace period that allows no more time',
      },
    ],
    [
      'early enough when an autoscaler evicted the pod with a short grace period, which the message names',
      [
        [0, disrupted(4, start + 30_000, 'EvictionByEvictionAPI')],
        [20_000, timePassed],
      ],
      {
        reason: 'DrainDeadline',
        message:
          'released with 4 sessions: the pod was evicted (EvictionByEvictionAPI: by kubectl drain or an autoscaler) with a grace period that allows no more time',
      },
    ],
    [
      'early when the grace period is shortened during the drain, which the message explains',
      [
        [0, sessions(4)],
        [10_000, sessions(4, start + 30_000)],
        [20_000, timePassed],
      ],
      {
        reason: 'DrainCutShort',
        sessionsCut: 4,
        message:
          'released with 4 sessions: the pod was deleted or evicted a second time during the drain, which shortened its grace period by 1m10s, to 1970-01-01T00:17:10.000Z',
      },
    ],
    [
      'early also when an operator replica that lags reports the longer grace period again',
      [
        [0, sessions(1)],
        [10_000, sessions(1, start + 30_000)],
        [12_000, sessions(1)],
        [20_000, timePassed],
      ],
      { reason: 'DrainCutShort', sessionsCut: 1 },
    ],
    [
      'at the drain timeout with reason DrainDeadline when the shortened grace period did not limit it',
      [
        [0, sessions(1)],
        [10_000, sessions(1, start + 90_000)],
        [60_000, timePassed],
      ],
      { reason: 'DrainDeadline', sessionsCut: 1 },
    ],
    [
      'at once when no time is left at all',
      [[0, sessions(1, start + 5000)]],
      { reason: 'DrainDeadline', sessionsCut: 1 },
    ],
  ])('%s', (_, steps, release) => {
    expect(run(steps.slice(0, -1)).action.type).toBe('Hold');
    expect(releaseOf(run(steps).action)).toMatchObject(release);
  });

  test('without the counts of an operator that has become unavailable', () => {
    expect(run([[0, sessions(4)]]).state.sources).toHaveLength(1);
    expect(
      run([
        [0, sessions(4)],
        [250, unreachable],
      ]).state.sources,
    ).toEqual([]);
  });

  test('without a number of cut sessions when it is unknown', () => {
    const release = releaseOf(
      run([
        [0, sessions(4)],
        [50_000, unreachable],
        [60_000, timePassed],
      ]).action,
    );
    expect(release).toMatchObject({ reason: 'DrainDeadline', sessionsAtStart: 4 });
    expect(release).not.toHaveProperty('sessionsCut');
  });

  test('at the first zero if the quiet period is zero', () => {
    expect(releaseOf(run([[0, sessions(0)]], { quietPeriodMs: 0 }).action)).toMatchObject({ reason: 'DrainComplete' });
  });
});

describe('the cause of a shortened drain', () => {
  const cut = start + 30_000;
  test.each<[string, Step[], string]>([
    [
      'is an eviction after a plain delete',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'EvictionByEvictionAPI')],
      ],
      'the pod was evicted (EvictionByEvictionAPI: by kubectl drain or an autoscaler)',
    ],
    [
      'is a taint of the node',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'DeletionByTaintManager')],
      ],
      'the pod was deleted because of a taint of its node (DeletionByTaintManager)',
    ],
    [
      'is the kubelet',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'TerminationByKubelet')],
      ],
      'the pod was stopped by its node (TerminationByKubelet: the node shuts down or runs out of resources)',
    ],
    [
      'is the scheduler, which set the reason before the grace period changed',
      [
        [0, sessions(1)],
        [8000, disrupted(1, killAtMs, 'PreemptionByScheduler')],
        [9000, sessions(1, cut)],
      ],
      'the pod was preempted by a pod with higher priority (PreemptionByScheduler)',
    ],
    [
      'is named even if its reason is unknown',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'MovedByFuture')],
      ],
      'the pod was disrupted (MovedByFuture)',
    ],
    [
      'is a second delete after an eviction, not the eviction',
      [
        [0, disrupted(1, killAtMs, 'EvictionByEvictionAPI')],
        [9000, disrupted(1, cut, 'EvictionByEvictionAPI')],
      ],
      'the pod was deleted or evicted a second time',
    ],
  ])('%s', (_, steps, who) => {
    const release = releaseOf(run([...steps, [20_000, timePassed]]).action);
    expect(release).toMatchObject({
      reason: 'DrainCutShort',
      message: `released with 1 session: ${who} during the drain, which shortened its grace period by 1m10s, to 1970-01-01T00:17:10.000Z`,
    });
  });
});

describe('several sources', () => {
  const all = { sources: ['Proxy', 'Connections', 'Application'] as const };
  test.each<[string, SessionSource[], Partial<DrainPolicy>, DrainState['evidence']['type']]>([
    [
      'are zero if all are at zero',
      [counts('Proxy', 0), counts('Connections', 0), counts('Application', 0)],
      all,
      'Quiet',
    ],
    [
      'hold if one counts a session',
      [counts('Proxy', 0), counts('Connections', 0), counts('Application', 1)],
      all,
      'Busy',
    ],
    [
      'hold if one has no count',
      [counts('Proxy', 0), withoutCount('Connections'), counts('Application', 0)],
      all,
      'Unknown',
    ],
    ['hold if one is missing', [counts('Proxy', 0), counts('Connections', 0)], all, 'Unknown'],
    [
      'ignore the proxies if only Connections is configured',
      [counts('Proxy', 7), counts('Connections', 0)],
      { sources: ['Connections'] },
      'Quiet',
    ],
    [
      'ignore a proxy without a count if only Connections is configured',
      [withoutCount('Proxy'), counts('Connections', 0)],
      { sources: ['Connections'] },
      'Quiet',
    ],
    [
      'ignore the proxies if only Application is configured',
      [counts('Proxy', 0), counts('Application', 1)],
      { sources: ['Application'] },
      'Busy',
    ],
    ['are unknown if none is configured', [counts('Proxy', 0)], { sources: [] }, 'Unknown'],
  ])('%s', (_, list, override, evidence) => {
    expect(run([[0, counted(...list)]], override).state.evidence.type).toBe(evidence);
  });

  test('count as the largest one, because one user is a session to each of them', () => {
    const { state } = run([[0, counted(counts('Proxy', 3), counts('Connections', 5), counts('Application', 4))]], all);
    expect(state.evidence).toEqual({ type: 'Busy', sessions: 5 });
  });
});

describe('the threshold', () => {
  const withThreshold = { sessionThreshold: 2 };

  test('releases a pod with this many sessions, and reports them as cut', () => {
    const steps: Step[] = [
      [0, sessions(7)],
      [10_000, sessions(2)],
      [12_000, sessions(1)],
      [15_000, sessions(2)],
    ];
    expect(run(steps.slice(0, -1), withThreshold).action.type).toBe('Hold');
    expect(releaseOf(run(steps, withThreshold).action)).toEqual({
      reason: 'DrainComplete',
      sessionsAtStart: 7,
      sessionsCut: 2,
      tookMs: 15_000,
      message: 'released with 2 sessions, which sessionThreshold 2 permits; at most 7 at a time; held for 15s',
    });
  });

  test('holds a pod with one session more, and restarts the quiet period', () => {
    expect(
      run(
        [
          [0, sessions(2)],
          [4000, sessions(3)],
          [6000, sessions(2)],
          [10_999, sessions(2)],
        ],
        withThreshold,
      ).action.type,
    ).toBe('Hold');
  });

  test('applies to the largest source, not to the sum', () => {
    const both = counted(counts('Proxy', 2), counts('Connections', 2));
    expect(
      releaseOf(
        run(
          [
            [0, both],
            [5000, both],
          ],
          { ...withThreshold, sources: ['Proxy', 'Connections'] },
        ).action,
      ),
    ).toMatchObject({ reason: 'DrainComplete', sessionsCut: 2 });
  });

  test('reports the sessions as cut also when the deadline is within the quiet period', () => {
    expect(
      releaseOf(
        run(
          [
            [0, sessions(9)],
            [58_000, sessions(1)],
            [60_000, timePassed],
          ],
          withThreshold,
        ).action,
      ),
    ).toMatchObject({ reason: 'DrainDeadline', sessionsCut: 1 });
  });
});

test('a release is final, whatever follows', () => {
  const { state, action } = run([
    [0, sessions(0)],
    [5000, sessions(0)],
  ]);
  for (const late of [sessions(7), unreachable, notTerminating, timePassed]) {
    expect(drainStep(state, late, start + 6000)).toEqual({ state, action });
  }
});

test('every hold has the deadline, which moves earlier with the grace period', () => {
  expect(run([[0, unreachable]]).action).toEqual({ type: 'Hold', deadlineMs: start + 60_000 });
  expect(run([[0, sessions(1, start + 30_000)]]).action).toEqual({ type: 'Hold', deadlineMs: start + 20_000 });
});

describe('sessions that are counted in the pod between two statuses', () => {
  const both = { sources: ['Proxy', 'Connections'] as const };
  const zero = counted(counts('Proxy', 0), counts('Connections', 0));

  test('end the quiet period, and begin another one', () => {
    const steps: Step[] = [
      [0, zero],
      [1000, countedHere(2)],
      [2000, countedHere(0)],
    ];
    expect(run(steps, both).state.evidence).toEqual({ type: 'Quiet', sinceMs: start + 2000, sessions: 0 });
    expect(run([...steps, [6999, zero]], both).action.type).toBe('Hold');
    expect(run([...steps, [7000, zero]], both).action.type).toBe('Release');
  });

  test('never release the pod, because the last status may be old', () => {
    expect(
      run(
        [
          [0, zero],
          [9000, countedHere(0)],
        ],
        both,
      ).action.type,
    ).toBe('Hold');
  });

  test('say nothing before the first status and after a failure', () => {
    for (const steps of [
      [],
      [
        [0, zero],
        [100, unreachable],
      ],
    ] satisfies Step[][]) {
      const { state } = run([...steps, [200, countedHere(0)]], both);
      expect(state.evidence.type).toBe('Unknown');
    }
  });
});
