import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/platform/errors.ts';
import { createEventSink } from '../../../src/kube/live/events.ts';
import { events } from '../../../src/kube/resources.ts';
import { createManualClock, settle } from '../../support/manual-clock.ts';
import { createTestCluster } from '../../support/cluster/test-cluster.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

const note = {
  regarding: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: 'n' },
  type: 'Normal',
  reason: 'Drained',
  action: 'Drain',
  note: '3 sessions ended',
} as const;

function setUp() {
  const clock = createManualClock();
  const cluster = createTestCluster(clock);
  const logger = createMemoryLogger();
  let drawn = 0;
  const random = () => (drawn = (drawn + 0.01) % 1);
  const sink = createEventSink({
    writer: cluster,
    reportingController: 'holdfast.dev/operator',
    reportingInstance: 'pod-1',
    clock,
    random,
    logger,
  });
  const notes = () => cluster.all(events).map((event) => event['note']);
  return { clock, cluster, logger, sink, notes };
}

describe('event sink', () => {
  test('writes the fields that the API requires', async () => {
    const { sink, cluster } = setUp();
    sink.emit(note);
    await sink.flush();
    expect(cluster.all(events)).toMatchObject([
      {
        ...note,
        apiVersion: 'events.k8s.io/v1',
        metadata: { namespace: 'n', name: expect.stringMatching(/^p\.[0-9a-f]+$/) },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'holdfast.dev/operator',
        reportingInstance: 'pod-1',
      },
    ]);
  });

  test('drops repeats of note, reason and object for ten minutes', async () => {
    const { sink, notes, clock } = setUp();
    sink.emit(note);
    await clock.advance(9 * 60_000);
    sink.emit(note);
    await sink.flush();
    expect(notes()).toHaveLength(1);
    sink.emit({ ...note, note: '4 sessions ended' });
    sink.emit({ ...note, reason: 'CutShort' });
    sink.emit({ ...note, regarding: { ...note.regarding, name: 'q' } });
    await sink.flush();
    expect(notes()).toHaveLength(4);
    await clock.advance(60_000);
    sink.emit(note);
    await sink.flush();
    expect(notes()).toHaveLength(5);
  });

  test('logs an event that cannot be written, and writes its next occurrence', async () => {
    const { sink, cluster, notes, logger } = setUp();
    cluster.fail({
      verb: 'create',
      error: new AppError('KUBERNETES_FORBIDDEN', 'no', { source: 'kubernetes', retryable: false }),
    });
    sink.emit(note);
    await sink.flush();
    expect(logger.messages()).toEqual(['event not written']);
    sink.emit(note);
    await sink.flush();
    expect(notes()).toHaveLength(1);
  });

  test('writes an event after an outage of the API server, with the time of its occurrence', async () => {
    const { sink, cluster, notes, clock, logger } = setUp();
    cluster.fail({
      verb: 'create',
      error: new AppError('KUBERNETES_UNAVAILABLE', 'away', { source: 'kubernetes', retryable: true }),
      times: 30,
    });
    sink.emit(note);
    await clock.advance(58_000);
    expect(notes()).toEqual([]);
    await clock.advance(2000);
    await sink.flush();
    expect(cluster.all(events)).toMatchObject([{ eventTime: '2026-01-01T00:00:00.000000Z' }]);
    expect(logger.messages()).toEqual([]);
  });

  test('drops an event that could not be written for five minutes, and writes the next ones', async () => {
    const { sink, cluster, notes, clock, logger } = setUp();
    cluster.fail({
      verb: 'create',
      error: new AppError('KUBERNETES_UNAVAILABLE', 'away', { source: 'kubernetes', retryable: true }),
      times: 152,
    });
    sink.emit(note);
    await clock.advance(60_000);
    sink.emit({ ...note, note: 'later' });
    await clock.advance(5 * 60_000);
    await sink.flush();
    expect(notes()).toEqual(['later']);
    expect(logger.messages()).toEqual(['event not written']);
  });

  test('limits the number of pending events while the server does not respond', async () => {
    const { clock, logger } = setUp();
    const hanging = { create: () => new Promise<never>(() => {}) };
    const sink = createEventSink({
      writer: hanging,
      reportingController: 'c',
      reportingInstance: 'i',
      clock,
      random: () => 0,
      logger,
    });
    for (let n = 0; n < 600; n += 1) sink.emit({ ...note, note: String(n) });
    await settle();
    // One is being sent, 500 wait.
    expect(logger.messages()).toEqual(Array.from({ length: 99 }, () => 'event dropped: too many events are pending'));
  });

  test('observes the limits of the API', async () => {
    const { sink, cluster } = setUp();
    sink.emit({ ...note, regarding: { ...note.regarding, name: 'x'.repeat(253) }, note: 'y'.repeat(5_000) });
    await sink.flush();
    const [event] = cluster.all(events);
    expect(event?.metadata.name.length).toBeLessThanOrEqual(253);
    expect(event?.['note']).toHaveLength(1_024);
  });
});
