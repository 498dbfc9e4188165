import { describe, expect, test } from '@jest/globals';
import type { EndpointReport, Report, ReportAnswer } from '../../../../src/wire/messages.ts';
import { startReporter } from '../../../../src/dataplane/discovery/reporter.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';

function createWorld() {
  const clock = createManualClock();
  const startMs = clock.nowMs();
  const world = {
    changes: 0,
    hasTable: true,
    built: 0,
    addresses: ['x', 'y'],
    acknowledged: {} as Record<string, Report['acknowledged']>,
    answer: (_address: string): Promise<ReportAnswer> => Promise.resolve({ complete: false }),
    endpoints: [] as EndpointReport[],
    gone: [] as string[],
    version: 1,
    keyRings: {},
    followed: ['x', 'y'],
  };
  const asked: (number | undefined)[] = [];
  const sent: { atMs: number; address: string; report: Report }[] = [];
  const reporter = startReporter({
    clock,
    log: createMemoryLogger(),
    addresses: () => world.addresses,
    acknowledged: (address) => world.acknowledged[address],
    urgentChanges: () => world.changes,
    isFollowed: (address) => world.followed.includes(address),
    draft(sequence) {
      world.built += 1;
      const { endpoints, gone, version, keyRings } = world;
      const since = (known: number | undefined) => {
        asked.push(known);
        return { version, isComplete: known === undefined, endpoints, gone };
      };
      return world.hasTable
        ? { head: { startedAtMs: 0, sequence, ended: [], seen: [], keyRings }, endpoints: { since } }
        : undefined;
    },
    send: (address, report) => {
      sent.push({ atMs: clock.nowMs() - startMs, address, report });
      return world.answer(address);
    },
  });
  const timesOf = (address: string) => sent.filter((one) => one.address === address).map(({ atMs }) => atMs);
  return { clock, world, sent, asked, timesOf, reporter, startMs };
}

describe('reports', () => {
  test('are sent to every replica once a second without changes', async () => {
    const { clock, timesOf } = createWorld();
    await clock.advance(2400);
    for (const address of ['x', 'y']) expect(timesOf(address)).toEqual([0, 1000, 2000]);
  });

  test('are not built while no replica is connected, and are sent at once when one connects', async () => {
    const { clock, world, timesOf } = createWorld();
    await clock.advance(100);
    const before = world.built;
    world.addresses = [];
    world.changes += 1;
    await clock.advance(2000);
    expect(world.built).toBe(before);
    world.addresses = ['x'];
    await clock.advance(200);
    expect(timesOf('x')).toEqual([0, 2200]);
  });

  test('follow an urgent change within 200 ms, and are no more frequent with many', async () => {
    const { clock, world, timesOf } = createWorld();
    await clock.advance(210);
    for (let change = 0; change < 10; change += 1) {
      world.changes += 1;
      await clock.advance(50);
    }
    expect(timesOf('x')).toEqual([0, 400, 600]);
  });

  test('have increasing numbers from the clock, so those of a restarted proxy are newer', async () => {
    const { clock, sent, startMs } = createWorld();
    await clock.advance(1600);
    const numbers = sent.filter(({ address }) => address === 'x').map(({ report }) => report.sequence - startMs);
    expect(numbers).toEqual([0, 1000]);
  });

  test('skip a replica that has not responded to the last one; the others get theirs', async () => {
    const { clock, world, timesOf } = createWorld();
    let answer = (_answer: ReportAnswer) => {};
    world.answer = (address) =>
      address === 'x' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve({ complete: false });
    await clock.advance(2000);
    expect({ x: timesOf('x'), y: timesOf('y') }).toEqual({ x: [0, 1000], y: [0, 1000, 2000] });
    answer({ complete: false });
    await clock.advance(1000);
    expect(timesOf('x')).toEqual([0, 1000, 3000]);
  });

  test('follow a delta of the table at once, with its acknowledgement, and after the response to one on its way', async () => {
    const { clock, world, sent, timesOf, reporter } = createWorld();
    await clock.advance(100);
    world.acknowledged['x'] = { nonce: 3, refused: [] };
    reporter.acknowledge('x');
    await clock.advance(0);
    expect({ x: timesOf('x'), y: timesOf('y') }).toEqual({ x: [0, 100], y: [0] });
    expect(sent.at(-1)?.report.acknowledged).toEqual({ nonce: 3, refused: [] });
    const { promise: answered, resolve: answer } = Promise.withResolvers<ReportAnswer>();
    world.answer = () => answered;
    reporter.acknowledge('x');
    world.acknowledged['x'] = { nonce: 4, refused: [] };
    reporter.acknowledge('x');
    await clock.advance(10);
    expect(timesOf('x')).toEqual([0, 100, 100]);
    answer({ complete: false });
    await clock.advance(0);
    expect(sent.at(-1)?.report.acknowledged).toEqual({ nonce: 4, refused: [] });
  });

  const cart: EndpointReport = { uid: 'uid-cart', sessions: 1, expiresAtMs: 1 };
  const isComplete = (one: { report: Report } | undefined) => one?.report.since === undefined;

  test('have what has changed since the one that the replica has, and everything each half minute', async () => {
    const { clock, world, sent, asked } = createWorld();
    world.addresses = ['x'];
    world.version = 7;
    await clock.advance(1000);
    Object.assign(world, { version: 8, endpoints: [cart], gone: ['uid-chat'] });
    await clock.advance(1000);
    expect(asked.slice(-2)).toEqual([1, 7]);
    const { report } = sent.at(-1) ?? {};
    expect(report).toMatchObject({ since: sent.at(-2)?.report.sequence, endpoints: [cart], gone: ['uid-chat'] });
    await clock.advance(40_000);
    const complete = sent.filter((one) => one.address === 'x' && isComplete(one)).map(({ atMs }) => atMs);
    expect(complete).toEqual([0, 30_000]);
  });

  test('have the key rings only if they have changed', async () => {
    const { clock, world, sent } = createWorld();
    world.addresses = ['x'];
    await clock.advance(1000);
    world.keyRings = { 'shop/cart': { current: 1, ids: [1] } };
    await clock.advance(2000);
    const keyRings = sent.filter(({ address }) => address === 'x').map(({ report }) => report.keyRings);
    expect(keyRings).toEqual([{}, undefined, world.keyRings, undefined]);
  });

  test('are complete for an address that is a replica again after it was none', async () => {
    const { clock, world, sent } = createWorld();
    world.addresses = [];
    world.followed = ['y'];
    await clock.advance(1000);
    world.addresses = ['x', 'y'];
    await clock.advance(1000);
    const last = (address: string) => sent.findLast((one) => one.address === address);
    expect([isComplete(last('x')), isComplete(last('y'))]).toEqual([true, false]);
  });

  test('are complete after a failure, and when the replica asks for it', async () => {
    const { clock, world, sent } = createWorld();
    world.addresses = ['x'];
    await clock.advance(2000);
    expect(isComplete(sent.at(-1))).toBe(false);
    world.answer = () => Promise.reject(new Error('refused'));
    await clock.advance(1000);
    world.answer = () => Promise.resolve({ complete: true });
    await clock.advance(1000);
    expect(isComplete(sent.at(-1))).toBe(true);
    await clock.advance(1000);
    expect(isComplete(sent.at(-1))).toBe(true);
  });

  test('continue after a failure', async () => {
    const { clock, world, timesOf } = createWorld();
    world.answer = () => Promise.reject(new Error('refused'));
    await clock.advance(1600);
    expect(timesOf('x')).toEqual([0, 1000]);
  });

  test('are not sent without a table, nor after stop', async () => {
    const { clock, world, sent, reporter } = createWorld();
    world.hasTable = false;
    await clock.advance(1000);
    expect(sent).toHaveLength(2);
    reporter.stop();
    expect(clock.pending()).toBe(0);
  });

  test('that are sent at once reach a slow replica after its response to the previous one', async () => {
    const { world, sent, reporter, clock } = createWorld();
    const { promise: answered, resolve: answer } = Promise.withResolvers<ReportAnswer>();
    world.answer = () => answered;
    await clock.advance(1000);
    const before = sent.length;
    const reported = reporter.sendNow();
    await clock.advance(0);
    expect(sent).toHaveLength(before);
    answer({ complete: false });
    await reported;
    expect(sent.slice(before).map(({ address }) => address)).toEqual(['x', 'y']);
    expect(sent.at(-1)?.report.sequence).toBeGreaterThan(sent[before - 1]?.report.sequence ?? 0);
  });
});
