import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { oneOf, optionalText, portNumber, requiredText, wholeNumber } from '../../../src/platform/config.ts';
import { createHistogram, createRegistry, registerMetric } from '../../../src/platform/metrics.ts';
import { abortOnSignal, runShutdown } from '../../../src/platform/shutdown.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

describe('environment', () => {
  test.each([
    {
      sentence: 'a missing variable',
      read: () => requiredText({}, 'HOLDFAST_CA'),
      message: 'HOLDFAST_CA is required but not set',
    },
    {
      sentence: 'an empty variable',
      read: () => requiredText({ HOLDFAST_CA: '' }, 'HOLDFAST_CA'),
      message: 'HOLDFAST_CA is required but not set',
    },
    {
      sentence: 'an invalid port',
      read: () => portNumber({ PORT: '80a' }, 'PORT', 1),
      message: 'PORT must be a whole number from 0 to 65535, not "80a"',
    },
    {
      sentence: 'a number above its limit',
      read: () => wholeNumber({ N: '11' }, 'N', { min: 1, max: 10, default: 5 }),
      message: 'N must be a whole number from 1 to 10, not "11"',
    },
    {
      sentence: 'an unknown word',
      read: () => oneOf({ LEVEL: 'loud' }, 'LEVEL', ['info', 'debug']),
      message: 'LEVEL must be one of info, debug, not "loud"',
    },
  ])('rejects $sentence with a message that names the variable and the valid values', ({ read, message }) => {
    expect(read).toThrow(message);
  });

  test('returns the default of a variable that is not set', () => {
    expect([
      portNumber({}, 'PORT', 9090),
      wholeNumber({ N: '' }, 'N', { min: 1, max: 10, default: 5 }),
      oneOf({}, 'LEVEL', ['info', 'debug']),
      optionalText({}, 'X'),
    ]).toEqual([9090, 5, 'info', undefined]);
  });
});

describe('shutdown', () => {
  test('runs the steps in order, even after a step that fails or hangs', async () => {
    const [clock, log, ran] = [createManualClock(), createMemoryLogger(), [] as string[]];
    const step = (name: string, run: () => void | Promise<void>) => ({
      name,
      limitMs: 1000,
      run: () => (ran.push(name), run()),
    });
    const over = runShutdown(
      [
        step('fails', () => Promise.reject(new Error('no'))),
        step('hangs', () => new Promise(() => undefined)),
        step('works', () => undefined),
      ],
      { clock, log },
    );
    await clock.advance(999);
    expect(ran).toEqual(['fails', 'hangs']);
    await clock.advance(1);
    await over;
    expect(ran).toEqual(['fails', 'hangs', 'works']);
    expect(log.messages()).toEqual(['shutdown step failed', 'shutdown step timed out', 'shutdown step completed']);
  });

  test('starts with the first signal', () => {
    const source = new EventEmitter();
    const stopped = abortOnSignal(source);
    expect(stopped.aborted).toBe(false);
    source.emit('SIGTERM');
    expect(stopped.aborted).toBe(true);
  });
});

test('a metric reads its values when it is scraped, and drops series that no longer exist', async () => {
  const registry = createRegistry({ processMetrics: false });
  const numbers = { total: 1, byPod: { a: 1, b: 2 } as Record<string, number> };
  registerMetric(registry, {
    name: 'things_total',
    type: 'counter',
    help: 'Things.',
    labels: [],
    read: () => [{ value: numbers.total }],
  });
  registerMetric(registry, {
    name: 'things',
    type: 'gauge',
    help: 'Things.',
    labels: ['pod'],
    read: () => Object.entries(numbers.byPod).map(([pod, value]) => ({ labels: { pod }, value })),
  });
  await registry.metrics();
  numbers.total = 5;
  numbers.byPod = { a: 3 };
  const lines = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '');
  expect(lines).toEqual(['things_total 5', 'things{pod="a"} 3']);
});

test('a histogram counts before it is registered', async () => {
  const registry = createRegistry({ processMetrics: false });
  const waits = createHistogram({
    name: 'wait_seconds',
    type: 'histogram',
    help: 'Waits.',
    labels: ['reason'],
    buckets: [1, 10],
  });
  waits.observe({ reason: 'x' }, 5);
  waits.register(registry);
  const lines = (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '');
  expect(lines).toEqual([
    'wait_seconds_bucket{le="1",reason="x"} 0',
    'wait_seconds_bucket{le="10",reason="x"} 1',
    'wait_seconds_bucket{le="+Inf",reason="x"} 1',
    'wait_seconds_sum{reason="x"} 5',
    'wait_seconds_count{reason="x"} 1',
  ]);
});
