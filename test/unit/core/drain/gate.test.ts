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
/** Far enough not to limit: the drain timeout does. */
const killAtMs = start + 100_000;

const sessions = (count: number, kill = killAtMs): DrainObservation => ({
  type: 'Answer',
  answer: { terminating: true, killAtMs: kill, sources: [{ type: 'Proxy', known: true, sessions: count }] },
});
/** An eviction, or whatever Kubernetes calls it, with the grace that it leaves. */
const disrupted = (count: number, kill: number, disruption: string): DrainObservation => ({
  type: 'Answer',
  answer: { terminating: true, killAtMs: kill, disruption, sources: [{ type: 'Proxy', known: true, sessions: count }] },
});
const counted = (...list: SessionSource[]): DrainObservation => ({
  type: 'Answer',
  answer: { terminating: true, killAtMs, sources: list },
});
const says = (type: SourceType, count: number): SessionSource => ({ type, known: true, sessions: count });
const cannotSay = (type: SourceType): SessionSource => ({ type, known: false, reason: 'no answer' });
const sources = (...known: (number | string)[]): DrainObservation => ({
  type: 'Answer',
  answer: {
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
const notTerminating: DrainObservation = { type: 'Answer', answer: { terminating: false } };
const timePassed: DrainObservation = { type: 'TimePassed' };

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
    ['at the first zero: it must last', [[0, sessions(0)]]],
    [
      'until the zero has lasted the whole quiet period',
      [
        [0, sessions(0)],
        [4999, sessions(0)],
      ],
    ],
    [
      'when a session came back within the quiet period',
      [
        [0, sessions(0)],
        [3000, sessions(1)],
        [3250, sessions(0)],
        [8000, sessions(0)],
      ],
    ],
    [
      'when an unknown interrupts the zero: unknown is not zero',
      [
        [0, sessions(0)],
        [3000, unreachable],
        [3250, sessions(0)],
        [8000, sessions(0)],
      ],
    ],
    [
      'when only time has passed since the zero: silence is no evidence',
      [
        [0, sessions(0)],
        [30_000, timePassed],
      ],
    ],
    [
      'while the operator cannot be reached',
      [
        [0, unreachable],
        [59_999, unreachable],
      ],
    ],
    [
      'while one of two sources cannot say',
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
      'when no source is left to ask',
      [
        [0, sources()],
        [30_000, sources()],
      ],
    ],
    [
      'when the operator takes back that the pod terminates: it cannot',
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
    ['a container that restarts, at once', [[40, notTerminating]], { reason: 'NotTerminating', tookMs: 40 }],
    [
      'such a container also when the first question failed',
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
      'when the last session has ended and it stayed quiet, naming the most there were',
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
      'at the drain timeout with the sessions that are cut',
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
      'at the drain timeout though nobody ever answered',
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
      'early enough for the margin when the pod was deleted with a short grace',
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
      'early enough when an autoscaler evicted the pod with a short grace, and says that it was no plain delete',
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
      'early when the grace is shortened during the drain, and says so',
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
      'early also when a replica that lags behind answers with the longer grace again',
      [
        [0, sessions(1)],
        [10_000, sessions(1, start + 30_000)],
        [12_000, sessions(1)],
        [20_000, timePassed],
      ],
      { reason: 'DrainCutShort', sessionsCut: 1 },
    ],
    [
      'at the drain timeout as a plain deadline when a shortened grace did not limit it',
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

  test('having forgotten the counts of an operator that is away', () => {
    expect(run([[0, sessions(4)]]).state.sources).toHaveLength(1);
    expect(
      run([
        [0, sessions(4)],
        [250, unreachable],
      ]).state.sources,
    ).toEqual([]);
  });

  test('without counting sessions as cut when it does not know their number', () => {
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

  test('at the first zero where the quiet period is zero', () => {
    expect(releaseOf(run([[0, sessions(0)]], { quietPeriodMs: 0 }).action)).toMatchObject({ reason: 'DrainComplete' });
  });
});

describe('who cut a drain short', () => {
  const cut = start + 30_000;
  test.each<[string, Step[], string]>([
    [
      'an eviction after a plain delete',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'EvictionByEvictionAPI')],
      ],
      'the pod was evicted (EvictionByEvictionAPI: by kubectl drain or an autoscaler)',
    ],
    [
      'a taint of the node',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'DeletionByTaintManager')],
      ],
      'the pod was deleted because of a taint of its node (DeletionByTaintManager)',
    ],
    [
      'the kubelet',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'TerminationByKubelet')],
      ],
      'the pod was stopped by its node (TerminationByKubelet: the node shuts down or runs out of resources)',
    ],
    [
      'the scheduler, which said so before the grace moved',
      [
        [0, sessions(1)],
        [8000, disrupted(1, killAtMs, 'PreemptionByScheduler')],
        [9000, sessions(1, cut)],
      ],
      'the pod was preempted by a pod with higher priority (PreemptionByScheduler)',
    ],
    [
      'a reason that is not known here is named all the same',
      [
        [0, sessions(1)],
        [9000, disrupted(1, cut, 'MovedByFuture')],
      ],
      'the pod was disrupted (MovedByFuture)',
    ],
    [
      'somebody after an eviction: that of the beginning is not blamed for it',
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
    ['all at zero is zero', [says('Proxy', 0), says('Connections', 0), says('Application', 0)], all, 'Quiet'],
    [
      'one that counts a session is enough to hold',
      [says('Proxy', 0), says('Connections', 0), says('Application', 1)],
      all,
      'Busy',
    ],
    [
      'one that cannot say is enough to hold',
      [says('Proxy', 0), cannotSay('Connections'), says('Application', 0)],
      all,
      'Unknown',
    ],
    ['one that is missing is enough to hold', [says('Proxy', 0), says('Connections', 0)], all, 'Unknown'],
    [
      'connections alone: what proxies say is not heard',
      [says('Proxy', 7), says('Connections', 0)],
      { sources: ['Connections'] },
      'Quiet',
    ],
    [
      'connections alone: a proxy that cannot say does not matter',
      [cannotSay('Proxy'), says('Connections', 0)],
      { sources: ['Connections'] },
      'Quiet',
    ],
    ['the app alone', [says('Proxy', 0), says('Application', 1)], { sources: ['Application'] }, 'Busy'],
    ['no source is wanted at all: nobody can say', [says('Proxy', 0)], { sources: [] }, 'Unknown'],
  ])('%s', (_, list, override, evidence) => {
    expect(run([[0, counted(...list)]], override).state.evidence.type).toBe(evidence);
  });

  test('the largest counts, for one user is a session to each of them', () => {
    const { state } = run([[0, counted(says('Proxy', 3), says('Connections', 5), says('Application', 4))]], all);
    expect(state.evidence).toEqual({ type: 'Busy', sessions: 5 });
  });
});

describe('the threshold', () => {
  const withThreshold = { sessionThreshold: 2 };

  test('a pod with as many sessions counts as empty, and those that it still has are told as cut', () => {
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

  test('one session more holds, and starts the quiet period anew', () => {
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

  test('is for the largest source, not for their sum', () => {
    const both = counted(says('Proxy', 2), says('Connections', 2));
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

  test('the deadline within the quiet period tells them as cut as well', () => {
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

test('what was released stays released, whatever comes after', () => {
  const { state, action } = run([
    [0, sessions(0)],
    [5000, sessions(0)],
  ]);
  for (const late of [sessions(7), unreachable, notTerminating, timePassed]) {
    expect(drainStep(state, late, start + 6000)).toEqual({ state, action });
  }
});

test('the deadline is told with every hold, and moves earlier with the grace', () => {
  expect(run([[0, unreachable]]).action).toEqual({ type: 'Hold', deadlineMs: start + 60_000 });
  expect(run([[0, sessions(1, start + 30_000)]]).action).toEqual({ type: 'Hold', deadlineMs: start + 20_000 });
});
