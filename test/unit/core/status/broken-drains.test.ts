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

/** A pod that was deleted ten minutes ago and has three sessions, unless a row has other facts. */
const factsOf = (facts: Partial<DrainFacts>): DrainFacts => ({
  pod: pod(),
  deletion: { killAtMs: now + 3_040_000, graceSeconds: 3640 },
  limits: { drainTimeoutMs: hour, quietPeriodMs: 5000, shutdownMarginMs: 30_000 },
  sessionThreshold: 0,
  proxiesCount: true,
  sessions: 3,
  hasSuccessor: false,
  nowMs: now,
  ...facts,
});

describe('a pod that disappeared', () => {
  const broken: [string, Partial<DrainFacts>, RegExp][] = [
    [
      'with sessions, long before its deadline',
      {},
      /^the pod disappeared with 3 sessions, 50m before its deadline: it was force-deleted/,
    ],
    ['with one session', { sessions: 1 }, /^the pod disappeared with 1 session,/],
    [
      'with sessions, without having been deleted: a forced delete, a lost node, an eviction for memory',
      { deletion: undefined },
      /^the pod disappeared with 3 sessions, without having been deleted/,
    ],
    ['with more sessions than the threshold', { sessionThreshold: 2 }, /^the pod disappeared with 3 sessions/],
    [
      'with a disruption reason',
      { pod: pod({ disruption: 'DeletionByPodGC' }) },
      /its containers exited \(DeletionByPodGC\)/,
    ],
    [
      'before the limit of its sidecar, although the spec has a shorter one by now',
      { limits: { drainTimeoutMs: 60_000, quietPeriodMs: 0, shutdownMarginMs: 30_000 } },
      /50m before/,
    ],
  ];
  test.each(broken)('%s is a broken drain', (_, facts, message) => {
    const verdict = judgeEnd(factsOf(facts));
    expect(verdict).toMatchObject({ reason: 'DrainBroken', sessionsCut: facts.sessions ?? 3 });
    expect(verdict?.message).toMatch(message);
  });

  test('cuts no session if these wait for the next pod of its name', () => {
    const verdict = judgeEnd(factsOf({ hasSuccessor: true }));
    expect(verdict).not.toHaveProperty('sessionsCut');
    expect(verdict?.message).toMatch(/exited[.] These sessions wait for the next pod of this name[.]$/);
  });

  const fine: [string, Partial<DrainFacts>][] = [
    ['without sessions', { sessions: 0 }],
    ['with as many sessions as the threshold', { sessionThreshold: 3 }],
    ['with an unknown number of sessions', { sessions: undefined }],
    ['at its deadline, which the sidecar reports', { nowMs: now + hour }],
    ['shortly before its deadline, because clocks differ', { nowMs: now + 3_000_000 - 4000 }],
    [
      'at the deadline of a second delete with a shorter grace period',
      { deletion: { killAtMs: now + 20_000, graceSeconds: 60 } },
    ],
    ['while other sources than the proxies hold it', { proxiesCount: false }],
  ];
  test.each(fine)('%s is not a broken drain', (_, facts) => {
    expect(judgeEnd(factsOf(facts))).toBeUndefined();
  });
});

describe('a sidecar that exited while it held its pod', () => {
  const ended = pod({ sidecar: sidecar({ endings: 1, lastEnd: 'OOMKilled' }) });

  test('is reported also if the kubelet reported nothing before the pod disappeared', () => {
    expect(judgeEnd(factsOf({ pod: ended }))).toMatchObject({
      reason: 'SidecarRestarted',
      sessionsCut: 3,
      message: expect.stringMatching(/OOMKilled.*for 3 sessions/),
    });
    expect(judgeEnd(factsOf({ pod: pod({ sidecar: sidecar({ endings: 1, lastEnd: 'Completed' }) }) }))).toMatchObject({
      reason: 'DrainBroken',
    });
  });

  test('is reported with the reason of its exit and the lost sessions', () => {
    const verdict = judgeSidecar(pod(), factsOf({ pod: ended }));
    expect(verdict).toMatchObject({ reason: 'SidecarRestarted', sessionsCut: 3 });
    expect(verdict?.message).toMatch(/the sidecar exited \(OOMKilled\) while it held the pod for 3 sessions/);
  });

  test('is reported without a number if the number of sessions is unknown', () => {
    const verdict = judgeSidecar(pod(), factsOf({ pod: ended, sessions: undefined }));
    expect(verdict?.message).toMatch(/an unknown number of sessions/);
    expect(verdict).not.toHaveProperty('sessionsCut');
  });

  test('is reported also if other sources than the proxies hold the pod', () => {
    expect(judgeSidecar(pod(), factsOf({ pod: ended, sessions: 0, proxiesCount: false }))).toMatchObject({
      reason: 'SidecarRestarted',
    });
  });

  test.each<[string, Pod | undefined, Partial<DrainFacts>]>([
    [
      'it exited after the app, as in every normal termination',
      pod(),
      { pod: pod({ sidecar: sidecar({ endings: 1, lastEnd: 'Completed', appRuns: false }) }) },
    ],
    ['it had exited before the pod was deleted', ended, { pod: ended }],
    ['the pod had no more sessions', pod(), { pod: ended, sessions: 0 }],
    ['the pod was unknown before', undefined, { pod: ended }],
    ['the pod has no sidecar', pod(), { pod: wholePod({ name: 'cart-a' }) }],
  ])('is not reported if %s', (_, before, facts) => {
    expect(judgeSidecar(before, factsOf(facts))).toBeUndefined();
  });
});
