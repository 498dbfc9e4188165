/** The processes of a proxy, with workers that the test plays. */
import { describe, expect, test } from '@jest/globals';
import { createBackoff } from '../../../../src/platform/backoff.ts';
import { createMergedSessions } from '../../../../src/dataplane/workers/merged-sessions.ts';
import type { FromWorker, ToWorker } from '../../../../src/dataplane/workers/messages.ts';
import { noSample } from '../../../../src/dataplane/workers/samples.ts';
import type { WorkerEvents } from '../../../../src/dataplane/workers/worker-process.ts';
import { Workers } from '../../../../src/dataplane/workers/workers.ts';
import { createManualClock, settle } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

type Played = WorkerEvents & { received: ToWorker[]; isKilled: boolean; types: () => ToWorker['type'][] };

function createWorld({ count = 2 } = {}) {
  const clock = createManualClock();
  const log = createMemoryLogger();
  const played: Played[] = [];
  const workers = new Workers({
    clock,
    log,
    sessions: createMergedSessions(),
    backoff: createBackoff({ baseMs: 200, capMs: 10_000 }, () => 0),
    setup: { type: 'setup', sockets: undefined, openFiles: 1000 },
    leaveWithinMs: () => 60_000,
    offerPort: () => undefined,
    onNotices: () => undefined,
    fork(events) {
      const received: ToWorker[] = [];
      const worker: Played = {
        ...events,
        received,
        isKilled: false,
        types: () => received.map(({ type }) => type).filter((type) => type !== 'sample'),
      };
      played.push(worker);
      return {
        pid: played.length,
        send: (message) => void received.push(message),
        kill: () => void (worker.isKilled = true),
      };
    },
  });
  workers.applyTable(proxyTable({}), 1000);
  workers.start(count);
  const say = (at: number, ...messages: FromWorker[]) => {
    for (const message of messages) played[at]?.message(message);
  };
  const serve = (at: number, number = 1) => {
    say(at, { type: 'applied', number }, { type: 'bound', areBound: true });
  };
  const exit = (at: number, code: number | null = 0) =>
    played[at]?.exited({ code, signal: code === null ? 'SIGKILL' : null });
  return { clock, log, workers, played, say, serve, exit };
}

describe('a table', () => {
  test('is acknowledged when the last worker routes by it', async () => {
    const { workers, serve, say } = createWorld();
    serve(0);
    serve(1);
    expect(workers.whenApplied()).toBeUndefined();
    workers.applyTable(proxyTable({}), 2000);
    let isApplied = false;
    void workers.whenApplied()?.then(() => (isApplied = true));
    say(0, { type: 'applied', number: 2 });
    await settle();
    expect(isApplied).toBe(false);
    say(1, { type: 'applied', number: 2 });
    await settle();
    expect(isApplied).toBe(true);
  });

  test('does not wait for a worker that has not routed yet, nor for one that dies', async () => {
    const { workers, serve, exit, say } = createWorld({ count: 3 });
    serve(0);
    serve(1);
    workers.applyTable(proxyTable({}), 2000);
    say(0, { type: 'applied', number: 2 });
    const applied = workers.whenApplied();
    expect(applied).toBeDefined();
    exit(1, null);
    await applied;
    expect(workers.whenApplied()).toBeUndefined();
  });
});

describe('a worker that dies', () => {
  test('is replaced, later each time, and its counters stay', async () => {
    const { clock, workers, played, serve, say, exit } = createWorld();
    serve(0);
    serve(1);
    const sample = noSample();
    sample.http.requests = 7;
    say(0, { type: 'sample', ...sample });
    exit(0, null);
    expect([workers.deaths, workers.sample().http.requests, played.length]).toEqual([1, 7, 2]);
    await clock.advance(100);
    expect(played).toHaveLength(3);
    exit(2, 1);
    await clock.advance(199);
    expect(played).toHaveLength(3);
    await clock.advance(1);
    expect(played).toHaveLength(4);
  });

  test('or hangs is killed', async () => {
    const { clock, played, serve } = createWorld();
    serve(0);
    serve(1);
    await clock.advance(20_000);
    serve(1);
    await clock.advance(12_000);
    expect(played.map(({ isKilled }) => isKilled)).toEqual([true, false]);
  });
});

describe('a restart', () => {
  test('ends no worker before another serves in its place', async () => {
    const { workers, played, serve, exit } = createWorld();
    serve(0);
    serve(1);
    void workers.replace();
    await settle();
    expect(played).toHaveLength(3);
    expect(played[0]?.types()).not.toContain('stop');
    serve(2);
    await settle();
    expect(played[0]?.received).toContainEqual({ type: 'stop', graceMs: 60_000, keepIdle: true });
    expect(played[1]?.types()).not.toContain('stop');
    serve(3);
    await settle();
    expect(played[1]?.types()).toContain('stop');
    exit(0);
    exit(1);
    expect([workers.counts(), workers.deaths]).toEqual([{ starting: 0, serving: 2, leaving: 0 }, 0]);
  });

  test('with a program that does not start leaves the old workers', async () => {
    const { clock, log, workers, played, serve, exit } = createWorld();
    serve(0);
    serve(1);
    void workers.replace();
    await settle();
    exit(2, 1);
    await clock.advance(20_000);
    expect(workers.counts()).toEqual({ starting: 0, serving: 2, leaving: 0 });
    expect(played).toHaveLength(3);
    expect(log.messages()).toContain('no worker could take the place of another: the old ones stay');
  });
});

test('what a worker tells of sessions, the others are told', () => {
  const { played, say, serve } = createWorld();
  serve(0);
  serve(1);
  const none = { slots: [], changes: new Uint32Array(), loads: new Uint32Array(), conflicts: [] };
  say(0, { type: 'batch', ...none, ended: ['000000000000000a'], seen: ['000000000000000b'] });
  expect(played[1]?.received.slice(-2)).toEqual([
    { type: 'ended', ids: ['000000000000000a'] },
    { type: 'seen', ids: ['000000000000000b'] },
  ]);
  expect(played[0]?.types()).not.toContain('ended');
});

test('a shutdown ends when the last worker is gone, and none is started any more', async () => {
  const { clock, workers, played, serve, exit } = createWorld();
  serve(0);
  serve(1);
  let isStopped = false;
  void workers.stop(5000).then(() => (isStopped = true));
  expect(played.map(({ received }) => received.at(-1))).toEqual([
    { type: 'stop', graceMs: 5000, keepIdle: false },
    { type: 'stop', graceMs: 5000, keepIdle: false },
  ]);
  exit(0);
  await settle();
  expect(isStopped).toBe(false);
  exit(1);
  await clock.advance(60_000);
  expect([isStopped, played.length]).toEqual([true, 2]);
});
