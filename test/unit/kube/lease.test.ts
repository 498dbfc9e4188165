import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/platform/errors.ts';
import type { ObjectReader, ObjectWriter } from '../../../src/kube/ports.ts';
import { leases } from '../../../src/kube/resources.ts';
import type { LeaderLeaseOptions } from '../../../src/kube/watch/lease.ts';
import { createLeaderLease } from '../../../src/kube/watch/lease.ts';
import { formatMicroTime } from '../../../src/kube/watch/lease-record.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { createManualClock, settle } from '../../support/manual-clock.ts';
import { createTestCluster } from '../../support/cluster/test-cluster.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

const ref = { namespace: 'holdfast-system', name: 'operator' };

/** A cluster in which each candidate has its own connection, which can be cut, and its own clock, which may be wrong. */
function setUp() {
  const clock = createManualClock();
  const cluster = createTestCluster(clock);
  const history: string[] = [];

  function candidate(identity: string, options: Partial<LeaderLeaseOptions> & { clockOffsetMs?: number } = {}) {
    let connection: 'up' | 'down' | 'hanging' | 'slow' = 'up';
    const slow = Promise.withResolvers<void>();
    const through = async <T>(call: () => Promise<T>): Promise<T> => {
      if (connection === 'hanging') await new Promise(() => {});
      if (connection === 'slow') await slow.promise;
      if (connection === 'down') {
        throw new AppError('KUBERNETES_UNAVAILABLE', 'down', { source: 'kubernetes', retryable: true });
      }
      return call();
    };
    const port: Pick<ObjectReader, 'get'> & Pick<ObjectWriter, 'create' | 'update'> = {
      get: (...args) => through(() => cluster.get(...args)),
      create: (...args) => through(() => cluster.create(...args)),
      update: (...args) => through(() => cluster.update(...args)),
    };
    const own: ManualClock = { ...clock, nowMs: () => clock.nowMs() + (options.clockOffsetMs ?? 0) };
    const lease = createLeaderLease({
      reader: port,
      writer: port,
      ...ref,
      identity,
      onStarted: () => void history.push(`${identity} starts`),
      onStopped: () => void history.push(`${identity} stops`),
      clock: own,
      random: () => 0.5,
      logger: createMemoryLogger(),
      ...options,
    });
    return { lease, connect: (state: typeof connection) => (connection = state), respond: () => slow.resolve() };
  }

  const spec = () =>
    cluster.find(leases, ref)?.['spec'] as {
      holderIdentity: string;
      leaseTransitions: number;
      renewTime: string;
      acquireTime: string;
    };
  return { clock, cluster, history, candidate, spec };
}

describe('leader lease', () => {
  test('is created, held and renewed by the first candidate', async () => {
    const { clock, candidate, history, spec } = setUp();
    const { lease } = candidate('a');
    lease.start();
    await settle();
    expect(lease.isLeader()).toBe(true);
    expect(spec()).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      renewTime: '2026-01-01T00:00:00.000000Z',
    });
    await clock.advance(60_000);
    expect(spec()).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:01:00.000000Z',
      leaseTransitions: 0,
    });
    expect(history).toEqual(['a starts']);
    await lease.stop();
  });

  test('has one leader when two candidates create it at the same time', async () => {
    const { clock, candidate, history } = setUp();
    const [a, b] = [candidate('a'), candidate('b')];
    a.lease.start();
    b.lease.start();
    await clock.advance(60_000);
    expect(history).toHaveLength(1);
    expect([a, b].filter(({ lease }) => lease.isLeader())).toHaveLength(1);
    await Promise.all([a.lease.stop(), b.lease.stop()]);
  });

  test('is held again after an expired renewal only when the work of the previous leadership has ended', async () => {
    const { clock, candidate, history } = setUp();
    const working = Promise.withResolvers<void>();
    const { lease, connect, respond } = candidate('a', {
      async onStopped() {
        await working.promise;
        history.push('a stops');
      },
    });
    lease.start();
    await clock.advance(1_000);
    connect('down');
    await clock.advance(6_500);
    connect('slow');
    await clock.advance(3_000);
    expect(lease.isLeader()).toBe(false);
    respond();
    await settle();
    expect(history).toEqual(['a starts']);
    connect('up');
    working.resolve();
    await clock.advance(3_000);
    expect(history).toEqual(['a starts', 'a stops', 'a starts']);
    await lease.stop();
  });

  test('is released at once by a leader that stops, after its work has ended', async () => {
    const { clock, candidate, history, spec } = setUp();
    const working = Promise.withResolvers<void>();
    const a = candidate('a', {
      async onStopped() {
        await working.promise;
        history.push('a stops');
      },
    });
    const b = candidate('b');
    a.lease.start();
    await settle();
    b.lease.start();
    await clock.advance(1_000);
    const stopping = a.lease.stop();
    await clock.advance(1_000);
    expect(a.lease.isLeader()).toBe(false);
    expect(spec().holderIdentity).toBe('a');
    working.resolve();
    await stopping;
    expect(spec().holderIdentity).toBe('');
    await clock.advance(3_000);
    expect(history).toEqual(['a starts', 'a stops', 'b starts']);
    expect(spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await b.lease.stop();
    expect(clock.pending()).toBe(0);
  });

  test.each(['down', 'hanging'] as const)(
    'has a leader that stops at its deadline when its connection is %s, before another may lead',
    async (state) => {
      const { clock, candidate, history } = setUp();
      const [a, b] = [candidate('a'), candidate('b')];
      a.lease.start();
      await settle();
      b.lease.start();
      await clock.advance(20_000);
      a.connect(state);
      await clock.advance(9_999);
      expect(history).toEqual(['a starts']);
      await clock.advance(1);
      expect(history).toEqual(['a starts', 'a stops']);
      expect(a.lease.isLeader()).toBe(false);
      await clock.advance(4_900);
      expect(history).toEqual(['a starts', 'a stops']);
      await clock.advance(4_000);
      expect(history).toEqual(['a starts', 'a stops', 'b starts']);
      a.connect('up');
      await clock.advance(60_000);
      expect(history).toHaveLength(3);
      await Promise.all([a.lease.stop(), b.lease.stop()]);
    },
  );

  test('is kept during a short outage', async () => {
    const { clock, candidate, history } = setUp();
    const { lease, connect } = candidate('a');
    lease.start();
    await clock.advance(20_000);
    connect('down');
    await clock.advance(7_000);
    connect('up');
    await clock.advance(60_000);
    expect(history).toEqual(['a starts']);
    await lease.stop();
  });

  test.each([3_600_000, -3_600_000])(
    'is not acquired by a candidate whose clock is wrong by %d ms while it is renewed',
    async (clockOffsetMs) => {
      const { clock, candidate, history } = setUp();
      const [a, b] = [candidate('a'), candidate('b', { clockOffsetMs })];
      a.lease.start();
      await settle();
      b.lease.start();
      await clock.advance(120_000);
      expect(history).toEqual(['a starts']);
      await Promise.all([a.lease.stop(), b.lease.stop()]);
    },
  );

  test('is acquired only after its full duration if another holder left it, because the time of its last change is unknown', async () => {
    const { clock, cluster, candidate, history } = setUp();
    const spec = {
      holderIdentity: 'dead',
      leaseDurationSeconds: 15,
      renewTime: formatMicroTime(0),
      leaseTransitions: 4,
    };
    cluster.put(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: ref, spec });
    const { lease } = candidate('a');
    lease.start();
    await clock.advance(14_999);
    expect(history).toEqual([]);
    await clock.advance(4_000);
    expect(history).toEqual(['a starts']);
    expect(cluster.find(leases, ref)).toMatchObject({ spec: { leaseTransitions: 5 } });
    await lease.stop();
  });

  test('stops its leader at once when it contains another holder', async () => {
    const { clock, cluster, candidate, history } = setUp();
    const { lease } = candidate('a');
    lease.start();
    await clock.advance(5_000);
    const current = cluster.find(leases, ref);
    if (current !== undefined) {
      cluster.put(leases, { ...current, spec: { holderIdentity: 'other', leaseDurationSeconds: 15 } });
    }
    await clock.advance(2_000);
    expect(history).toEqual(['a starts', 'a stops']);
    await lease.stop();
    expect(cluster.find(leases, ref)).toMatchObject({ spec: { holderIdentity: 'other' } });
  });

  test('has no leader after a suspension, although the timer is late', async () => {
    const { clock, candidate } = setUp();
    let suspendedMs = 0;
    const { lease } = candidate('a', { clock: { ...clock, nowMs: () => clock.nowMs() + suspendedMs } });
    lease.start();
    await settle();
    expect(lease.isLeader()).toBe(true);
    suspendedMs = 10_000;
    expect(lease.isLeader()).toBe(false);
    await lease.stop();
  });

  test('keeps its other fields', async () => {
    const { clock, cluster, candidate } = setUp();
    const spec = { holderIdentity: '', leaseDurationSeconds: 1, strategy: 'kept' };
    cluster.put(leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...ref, labels: { kept: 'yes' } },
      spec,
    });
    const { lease } = candidate('a');
    lease.start();
    await clock.advance(1_000);
    expect(cluster.find(leases, ref)).toMatchObject({
      metadata: { labels: { kept: 'yes' } },
      spec: { holderIdentity: 'a', strategy: 'kept' },
    });
    await lease.stop();
  });

  test.each([
    {
      timing: { leaseDurationMs: 15_000, renewDeadlineMs: 15_000, retryMs: 2_000 },
      sentence: 'no time between the stop of one leader and the start of another',
    },
    {
      timing: { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 10_000 },
      sentence: 'no second attempt before the deadline',
    },
    {
      timing: { leaseDurationMs: 1_500, renewDeadlineMs: 1_000, retryMs: 200 },
      sentence: 'fractions of a second, which a Lease does not have',
    },
  ])('rejects timings with $sentence', ({ timing }) => {
    expect(() => setUp().candidate('a', { timing })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

test('formatMicroTime writes six fractional digits', () => {
  expect(formatMicroTime(Date.UTC(2026, 0, 2, 3, 4, 5, 67))).toBe('2026-01-02T03:04:05.067000Z');
});
