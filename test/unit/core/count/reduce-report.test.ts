import { describe, expect, test } from '@jest/globals';
import { reduceReport } from '../../../../src/core/count/reduce-report.ts';
import type { ReportScope } from '../../../../src/core/count/report-scope.ts';
import type { Report } from '../../../../src/wire/messages.ts';

const nowMs = 1_000_000;
const scope: ReportScope = {
  endpoints: new Set(['pod-a', 'pod-b']),
  removed: new Set(['pod-deleted']),
  hasSessions: (key) => key === 'shop/cart',
  longestIdleMs: 60_000,
};
const isProxy = (uid: string) => uid.startsWith('own-');
const endpoint = (uid: string, expiresAtMs = nowMs) => ({ uid, sessions: 1, expiresAtMs });
const reduce = (report: Partial<Report>) =>
  reduceReport({ startedAtMs: 1, sequence: 1, endpoints: [], ended: [], seen: [], ...report }, scope, {
    isProxy,
    nowMs,
  });

describe('a report is reduced to', () => {
  test('the endpoints of the table; a deleted pod of an older table is not foreign', () => {
    const { report, foreign } = reduce({ endpoints: ['pod-a', 'pod-deleted', 'pod-x'].map((uid) => endpoint(uid)) });
    expect(report.endpoints.map(({ uid }) => uid)).toEqual(['pod-a']);
    expect(foreign).toBe(1);
  });

  test('times of at most the longest idle timeout from now', () => {
    const { report } = reduce({ endpoints: [endpoint('pod-a', 9e15), endpoint('pod-b', nowMs + 5)] });
    expect(report.endpoints.map(({ expiresAtMs }) => expiresAtMs)).toEqual([nowMs + 60_000, nowMs + 5]);
    const unconfirmed = { sessions: 1, expiresAtMs: 9e15 };
    const bounded = reduce({ endpoints: [{ ...endpoint('pod-a'), unconfirmed }] }).report.endpoints[0]?.unconfirmed;
    expect(bounded).toEqual({ sessions: 1, expiresAtMs: nowMs + 60_000 });
  });

  test('such times for sessions whose clients have not returned, too', () => {
    const unconfirmed = { sessions: 1, expiresAtMs: 9e15 };
    const { report } = reduce({ endpoints: [{ ...endpoint('pod-a', 9e15), unconfirmed }] });
    expect(report.endpoints[0]?.unconfirmed).toEqual({ sessions: 1, expiresAtMs: nowMs + 60_000 });
  });

  test('predecessors among the proxies of the Gateway, and no more than a rollout can have', () => {
    const successorOf = ['own-1', 'stranger', 'own-2'].map((uid) => ({ uid, startedAtMs: 1 }));
    const { report, foreign } = reduce({ successorOf });
    expect(report.successorOf?.map(({ uid }) => uid)).toEqual(['own-1', 'own-2']);
    expect(foreign).toBe(0);
    const many = Array.from({ length: 1000 }, (_, startedAtMs) => ({ uid: 'own-1', startedAtMs }));
    expect(reduce({ successorOf: many }).report.successorOf).toHaveLength(256);
  });

  test('the keys of its backends', () => {
    const ids = Array.from({ length: 100 }, (_, id) => id);
    const { report } = reduce({
      keyRings: { 'shop/cart': { current: 1, ids }, 'bank/vault': { current: 1, ids: [1] } },
    });
    expect(report.keyRings).toEqual({ 'shop/cart': { current: 1, ids: ids.slice(0, 16) } });
  });
});
