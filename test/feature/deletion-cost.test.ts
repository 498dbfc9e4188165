import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pods } from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { AppError } from '../../src/platform/errors.ts';
import { namespace } from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import { createProxyReports, type ProxyReports } from '../support/proxy-reports.ts';

const names = ['cart-a', 'cart-b', 'cart-c', 'cart-d', 'cart-e'];
const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const second = 1000;
const minute = 60 * second;

let world: OperatorWorld;
let operator: Operator;
let proxies: ProxyReports;

// Real TLS: certificates are issued by the operator's clock and checked by the machine's.
beforeEach(async () => {
  world = createOperatorWorld({ startMs: Math.floor(Date.now() / 1000) * 1000 });
  world.putWorkload({ name: 'cart' });
  world.putPods('cart', names);
  operator = await world.start();
  world.runProxy();
  proxies = createProxyReports(world, operator);
});
afterEach(() => world.stop());

/** From now on the operator does not learn of changes of pods. */
async function loseWatchOfPods(): Promise<void> {
  const unavailable = new AppError('KUBERNETES_UNAVAILABLE', 'no watch', { source: 'kubernetes', retryable: true });
  world.cluster.fail({ verb: 'watch', kind: 'Pod', error: unavailable, times: 30 });
  world.cluster.endWatches(unavailable);
  await world.settle();
}

const costOf = (name: string): string | undefined => world.mustFind(pods, name).metadata.annotations?.[costAnnotation];
const costs = () => Object.fromEntries(names.map((name) => [name, costOf(name)]));
const setCost = (name: string, cost: string | undefined) =>
  world.edit(pods, name, (object) => {
    const { [costAnnotation]: _own, ...others } = object.metadata.annotations ?? {};
    return {
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { ...others, ...(cost !== undefined && { [costAnnotation]: cost }) },
      },
    };
  });
const costWrites = () => world.takeChanges().writes.filter((write) => write.includes('Pod shop/'));
const count = (result: string) => operator.core.counters.deletionCostWrites.get(result) ?? 0;

describe('deletion costs', () => {
  test('follow the sessions of all proxies in coarse bands, without a cost for idle pods', async () => {
    proxies.run('proxy-1', { 'cart-a': 2, 'cart-b': 12, 'cart-c': 1, 'cart-d': 60 });
    proxies.run('proxy-2', { 'cart-a': 1, 'cart-d': 40 });
    await proxies.pass(10 * second);
    // The one session of cart-c counts only after it has existed for half a minute.
    expect(costs()).toEqual({ 'cart-a': '2', 'cart-b': '4', 'cart-c': undefined, 'cart-d': '7', 'cart-e': undefined });
    await proxies.pass(40 * second);
    expect(costOf('cart-c')).toBe('1');
    expect(count('Written')).toBe(4);
  });

  test('fall when the sessions end', async () => {
    proxies.run('proxy-1', { 'cart-a': 12 });
    await proxies.pass(10 * second);
    proxies.report('proxy-1', {});
    await proxies.pass(10 * second);
    expect(costOf('cart-a')).toBe('0');
  });

  test('cause no write in ten minutes without changes, idle or busy', async () => {
    proxies.run('proxy-1', { 'cart-a': 5 });
    await proxies.pass(minute);
    world.takeChanges();
    await proxies.pass(10 * minute);
    expect(costWrites()).toEqual([]);
  });

  test('do not change while a proxy does not report, because unknown is not idle', async () => {
    proxies.run('proxy-1', {});
    proxies.run('proxy-2', { 'cart-a': 12 });
    await proxies.pass(10 * second);
    expect(costOf('cart-a')).toBe('4');
    proxies.silence('proxy-2');
    await proxies.pass(5 * minute);
    expect(costOf('cart-a')).toBe('4');
  });

  test('are not written for a terminating pod', async () => {
    proxies.run('proxy-1', { 'cart-a': 12 });
    world.terminate('cart-a');
    await proxies.pass(minute);
    expect(costWrites()).toEqual([]);
  });
});

describe('a deletion cost of another controller', () => {
  const conflicts = () => world.cluster.events().filter(({ reason }) => reason === 'DeletionCostConflict');

  test('is never overwritten, and is reported once', async () => {
    setCost('cart-a', '-2147483648');
    setCost('cart-b', '100');
    proxies.run('proxy-1', { 'cart-a': 12, 'cart-b': 12, 'cart-c': 12 });
    await proxies.pass(minute);
    expect(costs()).toMatchObject({ 'cart-a': '-2147483648', 'cart-b': '100', 'cart-c': '4' });
    expect(conflicts()).toMatchObject([
      {
        type: 'Warning',
        regarding: { kind: 'StickyWorkload', name: 'cart' },
        note: expect.stringContaining('of pod cart-a, so Holdfast does not change it'),
      },
    ]);
  });

  test('that replaces the one of Holdfast is kept', async () => {
    proxies.run('proxy-1', { 'cart-a': 12 });
    await proxies.pass(10 * second);
    setCost('cart-a', '7');
    await proxies.pass(minute);
    expect(costOf('cart-a')).toBe('7');
    expect(conflicts()).toHaveLength(1);
  });

  test('that was removed by others is not written again, which would never end', async () => {
    proxies.run('proxy-1', { 'cart-a': 12 });
    await proxies.pass(10 * second);
    setCost('cart-a', undefined);
    await proxies.pass(minute);
    expect(costOf('cart-a')).toBeUndefined();
    expect(conflicts()).toHaveLength(1);
  });

  test('is not reported for a pod that was deleted before the write, though the API server returns the same error', async () => {
    proxies.run('proxy-1', { 'cart-a': 12 });
    await world.settle();
    await loseWatchOfPods();
    world.cluster.remove(pods, { namespace, name: 'cart-a' });
    await proxies.pass(20 * second);
    expect(conflicts()).toEqual([]);
  });
});

test('a deletion cost for a pod that was recreated under its name changes nothing and is not reported', async () => {
  proxies.run('proxy-1', { 'cart-a': 12 });
  await world.settle();
  await loseWatchOfPods();
  world.put(pods, { ...world.mustFind(pods, 'cart-a'), metadata: { namespace, name: 'cart-a', uid: 'uid-recreated' } });
  world.takeChanges();
  await proxies.pass(20 * second);
  expect(costOf('cart-a')).toBeUndefined();
  expect(world.takeChanges().events).toEqual([]);
});

test('a refused deletion cost write is reported and retried a minute later', async () => {
  const error = new AppError('KUBERNETES_FORBIDDEN', 'pods is forbidden', { source: 'kubernetes', retryable: false });
  world.cluster.fail({ verb: 'apply', kind: 'Pod', error });
  proxies.run('proxy-1', { 'cart-a': 12, 'cart-b': 12 });
  await proxies.pass(30 * second);
  expect(costs()).toMatchObject({ 'cart-a': undefined, 'cart-b': undefined });
  expect(world.cluster.events()).toContainEqual(
    expect.objectContaining({ reason: 'DeletionCostFailed', note: expect.stringContaining('pods is forbidden') }),
  );
  await proxies.pass(minute);
  expect(costs()).toMatchObject({ 'cart-a': '4', 'cart-b': '4' });
});
