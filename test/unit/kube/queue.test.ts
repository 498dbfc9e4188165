import { describe, expect, test } from '@jest/globals';
import type { Recheck } from '../../../src/kube/watch/queue.ts';
import { createQueue } from '../../../src/kube/watch/queue.ts';
import { fc } from '../../support/fast-check.ts';
import { createManualClock, settle } from '../../support/manual-clock.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

/** A queue whose work is recorded at its start and ends when the test ends it. Without jitter: waits are 250 ms, 500, 1000 … */
function setUp(workers = 1) {
  const clock = createManualClock();
  const logger = createMemoryLogger();
  const begun: string[] = [];
  const open = new Map<string, PromiseWithResolvers<Recheck | undefined>>();
  const work = (key: string) => {
    begun.push(key);
    const ending = Promise.withResolvers<Recheck | undefined>();
    open.set(key, ending);
    return ending.promise;
  };
  const queue = createQueue({ work, workers, clock, random: () => 0, logger });
  return {
    clock,
    logger,
    begun,
    queue,
    end: async (key: string, result?: Recheck) => {
      open.get(key)?.resolve(result);
      await settle();
    },
    fail: async (key: string) => {
      open.get(key)?.reject(new Error('oops'));
      await settle();
    },
  };
}

describe('work queue', () => {
  test('processes each key once, however often it was added, in the order of arrival', async () => {
    const { queue, begun, end } = setUp();
    for (const key of ['a', 'b', 'a', 'a', 'c']) queue.add(key);
    for (const key of ['a', 'b', 'c']) {
      await settle();
      await end(key);
    }
    await queue.drain();
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  test('does not start while the caller is still adding', () => {
    const { queue, begun } = setUp();
    queue.add('a');
    expect(begun).toEqual([]);
  });

  test('processes a key once more if it was added during its processing', async () => {
    const { queue, begun, end, clock } = setUp(4);
    queue.add('a');
    await settle();
    queue.add('a');
    queue.add('a');
    await settle();
    expect(begun).toEqual(['a']);
    await end('a', { recheckAfterMs: 60_000 });
    expect(begun).toEqual(['a', 'a']);
    await end('a');
    await clock.advance(120_000);
    expect(begun).toEqual(['a', 'a']);
  });

  test('processes as many keys at once as it has workers', async () => {
    const { queue, begun, end } = setUp(2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  test('logs a failure and retries with growing waits until a success', async () => {
    const { queue, begun, clock, fail, end, logger } = setUp();
    queue.add('a');
    await settle();
    await fail('a');
    await clock.advance(249);
    expect(begun).toHaveLength(1);
    await clock.advance(1);
    expect(begun).toHaveLength(2);
    await fail('a');
    await clock.advance(499);
    expect(begun).toHaveLength(2);
    await clock.advance(1);
    await end('a');
    queue.add('a');
    await settle();
    await fail('a');
    await clock.advance(250);
    expect(begun).toHaveLength(5);
    expect(logger.lines()[0]).toMatchObject({
      message: 'work failed',
      fields: { key: 'a', attempt: 1, error: 'oops' },
    });
  });

  test('ends the wait after a failure when the key is added, without resetting the backoff', async () => {
    const { queue, begun, clock, fail } = setUp();
    queue.add('a');
    await settle();
    await fail('a');
    queue.add('a');
    await settle();
    expect(begun).toHaveLength(2);
    await fail('a');
    await clock.advance(499);
    expect(begun).toHaveLength(2);
  });

  test('does not delay other keys because of a failing one', async () => {
    const { queue, begun, fail } = setUp();
    queue.add('bad');
    queue.add('good');
    await settle();
    await fail('bad');
    expect(begun).toEqual(['bad', 'good']);
  });

  test('rechecks a key after the time of its last request only', async () => {
    const { queue, begun, clock, end } = setUp();
    queue.add('a');
    await settle();
    await end('a', { recheckAfterMs: 10_000 });
    await clock.advance(5_000);
    queue.add('a');
    await settle();
    await end('a', { recheckAfterMs: 10_000 });
    await clock.advance(9_999);
    expect(begun).toHaveLength(2);
    await clock.advance(1);
    expect(begun).toHaveLength(3);
  });

  test('is drained when no key is queued or in progress, regardless of waiting keys', async () => {
    const { queue, end } = setUp();
    queue.add('a');
    let drained = false;
    void queue.drain().then(() => (drained = true));
    await settle();
    expect(drained).toBe(false);
    await end('a', { recheckAfterMs: 10_000 });
    expect(drained).toBe(true);
    await queue.drain();
  });

  test('finishes running work on stop, starts no other, and leaves no timer', async () => {
    const { queue, begun, clock, end } = setUp();
    queue.add('waiting');
    await settle();
    await end('waiting', { recheckAfterMs: 1_000 });
    queue.add('running');
    queue.add('queued');
    await settle();
    let stopped = false;
    void queue.stop().then(() => (stopped = true));
    await settle();
    expect(stopped).toBe(false);
    await end('running', { recheckAfterMs: 1_000 });
    expect(stopped).toBe(true);
    queue.add('late');
    await clock.advance(10_000);
    expect(begun).toEqual(['waiting', 'running']);
    expect(clock.pending()).toBe(0);
  });

  test('processes each key by one worker at a time, and after its last change, for any sequence of events', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), pauseMs: fc.integer({ min: 0, max: 30 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), async (steps, workers) => {
        const clock = createManualClock();
        const busy = new Set<string>();
        const addedAt = new Map<string, number>();
        const workedAt = new Map<string, number>();
        let order = 0;
        let overlaps = 0;
        const work = async (key: string) => {
          if (busy.has(key)) overlaps += 1;
          busy.add(key);
          workedAt.set(key, (order += 1));
          await new Promise<void>((resolve) => clock.after(10, resolve));
          busy.delete(key);
          if (order % 3 === 0) throw new Error('now and then');
          return undefined;
        };
        const queue = createQueue({ work, workers, clock, random: () => 0, logger: createMemoryLogger() });
        for (const { key, pauseMs } of steps) {
          queue.add(key);
          addedAt.set(key, (order += 1));
          await clock.advance(pauseMs);
        }
        await clock.advance(5_000);
        expect(overlaps).toBe(0);
        for (const [key, at] of addedAt) expect(workedAt.get(key)).toBeGreaterThan(at);
      }),
      { numRuns: 25 },
    );
  });
});
