import { describe, expect, test } from '@jest/globals';
import { endpointId } from '../../../../src/core/session/token.ts';
import { buildReport, type EndpointCount } from '../../../../src/dataplane/discovery/report.ts';
import { idleTimeoutMs, proxyTable, splitTable } from '../../../support/proxy-table.ts';

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

describe('a report', () => {
  test.each([
    {
      sentence: 'has zero sessions for an endpoint without any',
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
    const table = proxyTable({
      endpoints: [{ pod: 'a', state: 'Draining' }],
      limits: { idleTimeoutMs, confirmTimeoutMs },
    });
    expect(
      buildReport(table, () => (count ? [count] : []), {
        startedAtMs: 1,
        sequence: 7,
        nowMs,
        ended: ['00000000deadbeef'],
        seen: ['00000000cafe0000'],
      }),
    ).toEqual({
      startedAtMs: 1,
      sequence: 7,
      endpoints: [{ uid: 'uid-a', ...expected }],
      ended: ['00000000deadbeef'],
      seen: ['00000000cafe0000'],
      keyRings: { 'shop/cart': { current: 1, ids: [1] } },
    });
  });

  test('adds up the counts of a pod of several backends', () => {
    const endpoints = [{ pod: 'a' }];
    const table = splitTable({ 'shop/cart': { weight: 1, endpoints }, 'shop/chat': { weight: 1, endpoints } });
    const counts = () => [counted({ sessions: 3 }), counted({ sessions: 1, unconfirmed: 2, open: 1 })];
    expect(buildReport(table, counts, { startedAtMs: 0, sequence: 1, nowMs, ended: [], seen: [] }).endpoints).toEqual([
      {
        uid: 'uid-a',
        sessions: 6,
        expiresAtMs: idleEnd(0),
        unconfirmed: { sessions: 2, expiresAtMs: confirmEnd(0) },
      },
    ]);
  });

  test('lists every endpoint of the table', () => {
    const table = proxyTable({
      endpoints: [{ pod: 'a' }, { pod: 'b', state: 'Draining' }, { pod: 'c', state: 'Pending' }],
    });
    const counts = (id: string) => (id === endpointId('uid-b') ? [counted({ sessions: 3 })] : []);
    const report = buildReport(table, counts, { startedAtMs: 0, sequence: 1, nowMs, ended: [], seen: [] });
    expect(report.endpoints.map(({ uid, sessions }) => `${uid} ${sessions}`)).toEqual([
      'uid-a 0',
      'uid-b 3',
      'uid-c 0',
    ]);
  });
});
