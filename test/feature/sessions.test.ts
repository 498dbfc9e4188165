import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pods } from '../../src/kube/resources.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld, type ReportedWorld } from '../support/reporting-proxy.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let client: TlsClient;
let report: ReportedWorld['report'];
let unconfirmed: ReportedWorld['unconfirmed'];

beforeEach(async () => {
  ({ world, client, report, unconfirmed } = await createReportedWorld());
  world.takeChanges();
});
afterEach(() => world.stop());

describe('the session counts of proxies', () => {
  test('are in the status, for each pod and in total', async () => {
    await report({ 'cart-a': 3, 'cart-b': 4 });
    await world.clock.advance(2000);
    expect(world.takeChanges()).toEqual({ writes: ['apply status of StickyWorkload shop/cart'], events: [] });
    expect(world.status('cart').sessions).toEqual({ confirmed: 7, unconfirmed: 0, draining: 0 });
    expect(world.status('cart').endpoints?.map(({ pod, sessions }) => [pod, sessions])).toEqual([
      ['cart-a', 3],
      ['cart-b', 4],
    ]);
  });

  test('show sessions whose clients have not returned apart, and deletion costs do not follow these', async () => {
    unconfirmed.sessions = 40;
    await report({ 'cart-a': 3, 'cart-b': 0 });
    await world.clock.advance(2000);
    expect(world.status('cart').sessions).toEqual({ confirmed: 3, unconfirmed: 80, draining: 0 });
    expect(
      world.status('cart').endpoints?.map(({ sessions, unconfirmedSessions }) => [sessions, unconfirmedSessions]),
    ).toEqual([
      [3, 40],
      [0, 40],
    ]);
    for (let seconds = 0; seconds < 40; seconds += 1) {
      await report({ 'cart-a': 3, 'cart-b': 0 });
      await world.clock.advance(1000);
    }
    expect(world.takeChanges().writes.filter((line) => line.startsWith('apply Pod '))).toEqual([
      'apply Pod shop/cart-a',
    ]);
  });

  test('are written every two to five seconds, however often they change, and the last value is written', async () => {
    const busyMs = 20_000;
    for (let passedMs = 0; passedMs < busyMs; passedMs += 200) {
      await report({ 'cart-a': 10 + passedMs / 200, 'cart-b': 1 });
      await world.clock.advance(200);
    }
    // Deletion costs follow the counts as well, with their own rate limit.
    const written = world.takeChanges().writes.filter((line) => !line.startsWith('apply Pod '));
    expect(new Set(written)).toEqual(new Set(['apply status of StickyWorkload shop/cart']));
    expect(written.length).toBeLessThanOrEqual(busyMs / 2000 + 1);
    expect(written.length).toBeGreaterThanOrEqual(busyMs / 5000);
    await world.clock.advance(2000);
    expect(world.status('cart').sessions).toEqual({ confirmed: 10 + 99 + 1, unconfirmed: 0, draining: 0 });
  });

  test('cause no write while they do not change', async () => {
    // By then the deletion costs match the counts.
    for (let second = 0; second < 10; second += 1) {
      await report({ 'cart-a': 3, 'cart-b': 4 });
      await world.clock.advance(1000);
    }
    world.takeChanges();
    for (let second = 0; second < 10; second += 1) {
      await report({ 'cart-a': 3, 'cart-b': 4 });
      await world.clock.advance(1000);
    }
    expect(world.takeChanges()).toEqual({ writes: [], events: [] });
  });

  test('leave the status when their proxy is silent, because unknown is not zero', async () => {
    await report({ 'cart-a': 3, 'cart-b': 4 });
    await world.clock.advance(2000);
    expect(world.status('cart').sessions).toMatchObject({ confirmed: 7 });
    await world.clock.advance(7000);
    expect(world.status('cart').sessions).toBeUndefined();
  });

  test('do not delay the report of a pod that begins to drain', async () => {
    await report({ 'cart-a': 3, 'cart-b': 4 });
    await world.clock.advance(2000);
    await report({ 'cart-a': 5, 'cart-b': 4 });
    await world.settle();
    world.takeChanges();
    world.terminate('cart-a');
    await world.clock.advance(20);
    expect(world.takeChanges()).toEqual({
      // The first is the finalizer that keeps its sessions served while pods drain.
      writes: ['apply StickyWorkload shop/cart', 'apply status of StickyWorkload shop/cart'],
      events: ['Normal PodTerminating cart', 'Normal PodTerminating cart-a'],
    });
    expect(world.status('cart').sessions).toEqual({ confirmed: 9, unconfirmed: 0, draining: 5 });
  });
});

describe('the sidecar of a pod', () => {
  const ask = async (): Promise<unknown> => {
    const { version: _version, ...status } = (await client.call('GET', '/v1/drain', { token: 'sidecar' })).body as {
      version?: string;
    };
    return status;
  };

  test('receives that its pod is not being deleted', async () => {
    expect(await ask()).toEqual({ terminating: false });
  });

  test('waits until the proxy has confirmed that the pod drains, and then receives its count', async () => {
    await report({ 'cart-a': 3, 'cart-b': 4 });
    world.terminate('cart-a');
    await world.settle();
    const killAtMs = Date.parse(world.mustFind(pods, 'cart-a').metadata.deletionTimestamp ?? '');
    expect(await ask()).toEqual({
      terminating: true,
      appRuns: false,
      killAtMs,
      sources: [
        { type: 'Proxy', known: false, reason: 'proxy pod uid-proxy-1 has not confirmed that this pod is draining' },
      ],
    });
    await report({ 'cart-a': 3 }, 'Draining');
    expect(await ask()).toEqual({
      terminating: true,
      appRuns: false,
      killAtMs,
      sources: [{ type: 'Proxy', known: true, sessions: 3 }],
    });
    await world.clock.advance(6000);
    expect(await ask()).toEqual({
      terminating: true,
      appRuns: false,
      killAtMs,
      sources: [{ type: 'Proxy', known: false, reason: 'proxy pod uid-proxy-1 last reported 6 s ago' }],
    });
  });

  test('reports the end of its drain on the pod and on the StickyWorkload', async () => {
    await world.after(() => world.terminate('cart-a'));
    const summary = {
      reason: 'DrainDeadline',
      sessionsAtStart: 3,
      sessionsCut: 1,
      tookMs: 3_600_000,
      message: '1 session was cut.',
    };
    expect(await client.call('POST', '/v1/drained', { token: 'sidecar', body: JSON.stringify(summary) })).toMatchObject(
      { status: 204 },
    );
    await world.settle();
    expect(world.takeChanges()).toEqual({
      writes: [],
      events: ['Warning DrainDeadline cart-a', 'Warning DrainDeadline cart'],
    });
  });
});
