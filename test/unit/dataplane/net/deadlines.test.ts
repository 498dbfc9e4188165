import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDeadlines, type Deadlines } from '../../../../src/dataplane/net/deadlines.ts';
import { createManualClock, type ManualClock, settle } from '../../../support/manual-clock.ts';

const periodMs = 100;

describe('a deadline', () => {
  let clock: ManualClock;
  /** The time in which the process did not run, and so no timer either. */
  let starvedMs: number;
  let runDueTimer: () => void;
  let deadlines: Deadlines;
  let passed: string[];

  beforeEach(() => {
    clock = createManualClock();
    starvedMs = 0;
    const after = (delayMs: number, callback: () => void) => {
      runDueTimer = callback;
      return clock.after(delayMs, callback);
    };
    deadlines = createDeadlines({ nowMs: () => clock.nowMs() + starvedMs, after }, periodMs);
    passed = [];
  });

  afterEach(() => deadlines.stop());

  function watched(delayMs: number) {
    const item = {
      deadlineMs: deadlines.in(delayMs),
      deadlinePassed: () => void passed.push('passed'),
      fault: (error: unknown) => void passed.push(String(error)),
    };
    deadlines.watch(item);
    return item;
  }

  test('passes after its delay, and within two periods of it', async () => {
    await clock.advance(periodMs / 2);
    watched(200);
    await clock.advance(200);
    expect(passed).toEqual([]);
    await clock.advance(2 * periodMs);
    expect(passed).toEqual(['passed']);
  });

  test('does not pass before input is read that arrived while the process was starved of CPU', async () => {
    const item = watched(-periodMs);
    runDueTimer();
    expect(passed).toEqual([]);
    item.deadlineMs = Infinity;
    await settle();
    expect(passed).toEqual([]);
  });

  test('counts one period of the time in which the process was starved of CPU', async () => {
    starvedMs = 60_000;
    watched(1_000);
    await clock.advance(1_000);
    expect(passed).toEqual([]);
    await clock.advance(2 * periodMs);
    expect(passed).toEqual(['passed']);
  });

  test('that was forgotten does not pass', async () => {
    deadlines.forget(watched(0));
    await clock.advance(10 * periodMs);
    await settle();
    expect(passed).toEqual([]);
  });
});
