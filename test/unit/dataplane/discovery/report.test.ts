import { describe, expect, test } from '@jest/globals';
import { reportEndpoint, type EndpointCount } from '../../../../src/dataplane/discovery/report.ts';
import { idleTimeoutMs } from '../../../support/proxy-table.ts';

const nowMs = 1_790_000_000_000;
const confirmTimeoutMs = 20_000;
/** Rounded up to a sixteenth of the timeout. */
const end = (timeoutMs: number) => (sinceMs: number) =>
  Math.ceil((nowMs + sinceMs + timeoutMs) / (timeoutMs / 16)) * (timeoutMs / 16);
const idleEnd = end(idleTimeoutMs);
const confirmEnd = end(confirmTimeoutMs);
const counted = (count: Partial<EndpointCount>): EndpointCount => ({
  sessions: 0,
  unconfirmed: 0,
  starting: 0,
  startingConfirmed: 0,
  open: 0,
  lastSeenS: nowMs / 1000 - 10,
  unconfirmedSeenS: nowMs / 1000 - 5,
  backend: { limits: { idleTimeoutMs, confirmTimeoutMs } },
  ...count,
});

describe('what a report says of an endpoint', () => {
  test.each([
    {
      sentence: 'is zero sessions without any',
      count: undefined,
      expected: { sessions: 0, expiresAtMs: 0 },
    },
    {
      sentence: 'lets idle sessions expire at the idle timeout after their last use',
      count: counted({ sessions: 2 }),
      expected: { sessions: 2, expiresAtMs: idleEnd(-10_000) },
    },
    {
      sentence: 'starts the idle timeout now while something is open',
      count: counted({ sessions: 2, open: 1 }),
      expected: { sessions: 2, expiresAtMs: idleEnd(0) },
    },
    {
      sentence: 'has the sessions whose clients have not returned beside the total, with the time at which they end',
      count: counted({ sessions: 2, unconfirmed: 3 }),
      expected: {
        sessions: 5,
        expiresAtMs: idleEnd(-10_000),
        unconfirmed: { sessions: 3, expiresAtMs: confirmEnd(-5000) },
      },
    },
    {
      sentence: 'lets a pod with nothing but such sessions go when they end',
      count: counted({ unconfirmed: 3 }),
      expected: {
        sessions: 3,
        expiresAtMs: confirmEnd(-5000),
        unconfirmed: { sessions: 3, expiresAtMs: confirmEnd(-5000) },
      },
    },
    {
      sentence: 'counts a first request in flight as unconfirmed',
      count: counted({ starting: 2, startingConfirmed: 1 }),
      expected: {
        sessions: 2,
        expiresAtMs: idleEnd(0),
        unconfirmed: { sessions: 1, expiresAtMs: confirmEnd(0) },
      },
    },
    {
      sentence: 'counts a request that may start a session as one',
      count: counted({ starting: 1, startingConfirmed: 1 }),
      expected: { sessions: 1, expiresAtMs: idleEnd(0) },
    },
  ])('$sentence', ({ count, expected }) => {
    expect(reportEndpoint('uid-a', count ? [count] : [], nowMs)).toEqual({ uid: 'uid-a', ...expected });
  });

  test('is the sum of its counts in several backends', () => {
    const counts = [counted({ sessions: 3 }), counted({ sessions: 1, unconfirmed: 2, open: 1 })];
    expect(reportEndpoint('uid-a', counts, nowMs)).toEqual({
      uid: 'uid-a',
      sessions: 6,
      expiresAtMs: idleEnd(0),
      unconfirmed: { sessions: 2, expiresAtMs: confirmEnd(0) },
    });
  });
});
