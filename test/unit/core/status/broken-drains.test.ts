import { describe, expect, test } from '@jest/globals';
import type { Pod, PodSidecar } from '../../../../src/core/snapshot/snapshot.ts';
import { judgeEnd, judgeSidecar, type DrainFacts } from '../../../../src/core/status/broken-drains.ts';
import { wholePod } from '../../../support/world.ts';

const hour = 3_600_000;
const now = Date.parse('2026-05-01T12:00:00Z');
const sidecar = (fields: Partial<PodSidecar> = {}): PodSidecar => ({
  drainTimeoutMs: hour,
  endings: 0,
  appRuns: true,
  ...fields,
});
const pod = (fields: Partial<Pod> = {}): Pod => wholePod({ name: 'cart-a', sidecar: sidecar(), ...fields });

/** A pod that was deleted ten minutes ago and has three sessions, but for what a row says. */
const factsOf = (facts: Partial<DrainFacts>): DrainFacts => ({
  pod: pod(),
  deletion: { killAtMs: now + 3_040_000, graceSeconds: 3640 },
  limits: { drainTimeoutMs: hour, quietPeriodMs: 5000, shutdownMarginMs: 30_000 },
  sessionThreshold: 0,
  proxiesCount: true,
  sessions: 3,
  nowMs: now,
  ...facts,
});

describe('a pod that is gone', () => {
  const broken: [string, Partial<DrainFacts>, RegExp][] = [
    [
      'with sessions, long before its deadline',
      {},
      /^the pod disappeared with 3 sessions, 50m before its deadline: it was force-deleted/,
    ],
    ['with one session', { sessions: 1 }, /^the pod disappeared with 1 session,/],
    [
      'with sessions, and nobody had deleted it: force, a lost node, an eviction for memory',
      { deletion: undefined },
      /^the pod disappeared with 3 sessions, without having been deleted/,
    ],
    ['with more sessions than the threshold', { sessionThreshold: 2 }, /^the pod disappeared with 3 sessions/],
    [
      'and Kubernetes says why',
      { pod: pod({ disruption: 'DeletionByPodGC' }) },
      /its containers exited \(DeletionByPodGC\)/,
    ],
    [
      'before the limit that its sidecar was made with, though the spec has a shorter one since',
      { limits: { drainTimeoutMs: 60_000, quietPeriodMs: 0, shutdownMarginMs: 30_000 } },
      /50m before/,
    ],
  ];
  test.each(broken)('broken: %s', (_, facts, message) => {
    const verdict = judgeEnd(factsOf(facts));
    expect(verdict).toMatchObject({ reason: 'DrainBroken', sessionsCut: facts.sessions ?? 3 });
    expect(verdict?.message).toMatch(message);
  });

  const fine: [string, Partial<DrainFacts>][] = [
    ['without sessions', { sessions: 0 }],
    ['with as many as count as none', { sessionThreshold: 3 }],
    ['with an unknown number of sessions: nothing is claimed', { sessions: undefined }],
    ['at its limit: the sidecar tells of that', { nowMs: now + hour }],
    ['a little before its deadline, by a clock that differs', { nowMs: now + 3_000_000 - 4000 }],
    [
      'at the limit of a second delete with a shorter grace',
      { deletion: { killAtMs: now + 20_000, graceSeconds: 60 } },
    ],
    ['while it is not what the proxies count that holds it', { proxiesCount: false }],
  ];
  test.each(fine)('not broken: %s', (_, facts) => {
    expect(judgeEnd(factsOf(facts))).toBeUndefined();
  });
});

describe('a sidecar that ended while it held its pod', () => {
  const ended = pod({ sidecar: sidecar({ endings: 1, lastEnd: 'OOMKilled' }) });

  test('is told of also where the kubelet said nothing before the pod was gone', () => {
    expect(judgeEnd(factsOf({ pod: ended }))).toMatchObject({
      reason: 'SidecarRestarted',
      sessionsCut: 3,
      message: expect.stringMatching(/OOMKilled.*for 3 sessions/),
    });
    expect(judgeEnd(factsOf({ pod: pod({ sidecar: sidecar({ endings: 1, lastEnd: 'Completed' }) }) }))).toMatchObject({
      reason: 'DrainBroken',
    });
  });

  test('is told of, with why it ended and what is lost', () => {
    const verdict = judgeSidecar(pod(), factsOf({ pod: ended }));
    expect(verdict).toMatchObject({ reason: 'SidecarRestarted', sessionsCut: 3 });
    expect(verdict?.message).toMatch(/the sidecar exited \(OOMKilled\) while it held the pod for 3 sessions/);
  });

  test('unknown is not zero: it is told of, and no number is made up', () => {
    const verdict = judgeSidecar(pod(), factsOf({ pod: ended, sessions: undefined }));
    expect(verdict?.message).toMatch(/an unknown number of sessions/);
    expect(verdict).not.toHaveProperty('sessionsCut');
  });

  test('also where other sources than the proxies hold the pod', () => {
    expect(judgeSidecar(pod(), factsOf({ pod: ended, sessions: 0, proxiesCount: false }))).toMatchObject({
      reason: 'SidecarRestarted',
    });
  });

  test.each<[string, Pod | undefined, Partial<DrainFacts>]>([
    [
      'it ended after the app, as at every end of a pod',
      pod(),
      { pod: pod({ sidecar: sidecar({ endings: 1, lastEnd: 'Completed', appRuns: false }) }) },
    ],
    ['it had ended before the pod was deleted', ended, { pod: ended }],
    ['the pod had no sessions any more', pod(), { pod: ended, sessions: 0 }],
    ['the pod was not known before', undefined, { pod: ended }],
    ['the pod has none', pod(), { pod: wholePod({ name: 'cart-a' }) }],
  ])('not where %s', (_, before, facts) => {
    expect(judgeSidecar(before, factsOf(facts))).toBeUndefined();
  });
});
