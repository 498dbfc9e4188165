import { describe, expect, test } from '@jest/globals';
import { createLedger, type Ledger } from '../../../../src/core/count/ledger.ts';
import type { RecordedReport } from '../../../../src/core/count/latest-reports.ts';
import type { EndpointReport } from '../../../../src/wire/messages.ts';
import { fc } from '../../../support/fast-check.ts';

const start = 1_000_000;
const minute = 60_000;

const endpoint = (sessions: number, more: Partial<EndpointReport> = {}): EndpointReport => ({
  uid: 'pod',
  sessions,
  expiresAtMs: start + 30 * minute,
  ...more,
});

const draining = new Set(['pod']);
const accepting = new Set<string>();

function sessionsOf(ledger: Ledger, proxies: string[], nowMs: number): number | string {
  const [source] = ledger.sourcesOf('pod', proxies, nowMs);
  if (source === undefined) throw new Error('no source');
  return source.known ? source.sessions : source.reason;
}

describe('sessions of a pod', () => {
  test('are the sum of the counts of its proxies', () => {
    const ledger = createLedger();
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2)], draining }, start);
    ledger.record('b', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(3)], draining }, start);
    expect(ledger.sourcesOf('pod', ['a', 'b'], start)).toEqual([{ type: 'Proxy', known: true, sessions: 5 }]);
  });

  const uncertain: [string, (ledger: Ledger) => void, RegExp][] = [
    ['a proxy that has not reported', () => undefined, /proxy pod b has not reported/],
    [
      'a proxy that has stopped reporting',
      (ledger) => ledger.record('b', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(0)], draining }, start - 6000),
      /b last reported 6 s ago/,
    ],
    [
      'a proxy without the pod in its table',
      (ledger) => ledger.record('b', { startedAtMs: 0, sequence: 1, endpoints: [], draining }, start),
      /b does not have this pod/,
    ],
    [
      'a proxy that still assigns new sessions to the pod',
      (ledger) =>
        ledger.record('b', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(0)], draining: accepting }, start),
      /b has not confirmed/,
    ],
  ];
  test.each(uncertain)('are unknown because of %s', (_, arrange, reason) => {
    const ledger = createLedger();
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(0)], draining }, start);
    arrange(ledger);
    expect(sessionsOf(ledger, ['a', 'b'], start)).toMatch(reason);
  });

  test('are unknown with a reason that names three proxies and counts the others', () => {
    const proxies = ['a', 'b', 'c', 'd', 'e'];
    expect(sessionsOf(createLedger(), proxies, start)).toBe(
      'proxy pod a has not reported; proxy pod b has not reported; proxy pod c has not reported; and 2 more',
    );
  });

  test('are unknown once a report lists as many pods as before, but another one twice', () => {
    const ledger = createLedger();
    const other = endpoint(0, { uid: 'other' });
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(0)], draining }, start);
    ledger.record('a', { startedAtMs: 0, sequence: 2, endpoints: [other, other], draining }, start);
    expect(sessionsOf(ledger, ['a'], start)).toMatch(/a does not have this pod/);
  });

  test('are not changed by a report that arrives after a newer one', () => {
    const ledger = createLedger();
    expect(ledger.record('a', { startedAtMs: 0, sequence: 8, endpoints: [endpoint(4)], draining }, start)).toBe(
      'Recorded',
    );
    expect(ledger.record('a', { startedAtMs: 0, sequence: 7, endpoints: [endpoint(0)], draining }, start + 100)).toBe(
      'Stale',
    );
    expect(sessionsOf(ledger, ['a'], start + 100)).toBe(4);
  });

  test('of a deleted proxy count until they would have ended', () => {
    const ledger = createLedger();
    ledger.record(
      'gone',
      { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2, { expiresAtMs: start + 10 * minute })], draining },
      start,
    );
    const sessionsAt = (atMs: number) => {
      ledger.record(
        'a',
        { startedAtMs: 0, sequence: atMs, endpoints: [endpoint(1, { expiresAtMs: atMs + minute })], draining },
        atMs,
      );
      return sessionsOf(ledger, ['a'], atMs);
    };
    expect(sessionsAt(start + 9 * minute)).toBe(3);
    expect(sessionsAt(start + 10 * minute)).toBe(1);
  });

  test('whose clients have not returned count apart, and of a deleted proxy only until they would have ended', () => {
    const ledger = createLedger();
    const unconfirmed = { sessions: 5, expiresAtMs: start + minute };
    ledger.record('gone', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(7, { unconfirmed })], draining }, start);
    const countAt = (atMs: number) => {
      ledger.record('a', { startedAtMs: 0, sequence: atMs, endpoints: [endpoint(1)], draining }, atMs);
      return { held: sessionsOf(ledger, ['a'], atMs), counted: ledger.countsOf(['pod'], atMs).get('pod') };
    };
    expect(countAt(start + minute - 1)).toEqual({ held: 8, counted: { confirmed: 3, unconfirmed: 5 } });
    expect(countAt(start + minute)).toEqual({ held: 3, counted: { confirmed: 3, unconfirmed: 0 } });
  });

  test('without any proxy are those that may return through a later proxy, then none', () => {
    const ledger = createLedger();
    ledger.record('gone', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2)], draining }, start);
    expect(sessionsOf(ledger, [], start + minute)).toBe(2);
    expect(sessionsOf(ledger, [], start + 30 * minute)).toBe(0);
  });

  test('of a proxy before its restart in the same pod count until they would have ended', () => {
    const ledger = createLedger();
    ledger.record('a', { startedAtMs: 1, sequence: 900, endpoints: [endpoint(7)], draining }, start);
    expect(ledger.record('a', { startedAtMs: 2, sequence: 1, endpoints: [endpoint(0)], draining }, start + 1000)).toBe(
      'Recorded',
    );
    expect(sessionsOf(ledger, ['a'], start + 1000)).toBe(7);
    expect(
      ledger.record('a', { startedAtMs: 1, sequence: 901, endpoints: [endpoint(7)], draining }, start + 1100),
    ).toBe('Stale');
    ledger.record('a', { startedAtMs: 2, sequence: 2, endpoints: [endpoint(1)], draining }, start + 2000);
    expect(sessionsOf(ledger, ['a'], start + 2000)).toBe(8);
    ledger.record('a', { startedAtMs: 2, sequence: 3, endpoints: [endpoint(1)], draining }, start + 30 * minute);
    expect(sessionsOf(ledger, ['a'], start + 30 * minute)).toBe(1);
  });

  test('are counted again for a proxy whose clock was set back, once its last sessions would have ended', () => {
    const ledger = createLedger();
    ledger.record('a', { startedAtMs: 9000, sequence: 9000, endpoints: [endpoint(1)], draining }, start);
    expect(
      ledger.record(
        'a',
        { startedAtMs: 5000, sequence: 5000, endpoints: [endpoint(0)], draining },
        start + 29 * minute,
      ),
    ).toBe('Stale');
    expect(sessionsOf(ledger, ['a'], start + 29 * minute)).toMatch(/last reported 1740 s ago/);
    expect(
      ledger.record(
        'a',
        { startedAtMs: 5000, sequence: 5001, endpoints: [endpoint(0)], draining },
        start + 30 * minute,
      ),
    ).toBe('Recorded');
  });

  test('in the status are those of fresh reports and of deleted proxies; a pod that no proxy reports is absent', () => {
    const ledger = createLedger();
    ledger.record(
      'gone',
      { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2), endpoint(9, { uid: 'stale' })], draining },
      start - minute,
    );
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(1)], draining: accepting }, start);
    expect([...ledger.countsOf(['pod', 'stale', 'stranger'], start)]).toEqual([
      ['pod', { confirmed: 3, unconfirmed: 0 }],
    ]);
  });
});

describe('a report of changes', () => {
  const changes = (sequence: number, since: number, more: Partial<RecordedReport>): RecordedReport => ({
    startedAtMs: 0,
    sequence,
    since,
    endpoints: [],
    draining,
    ...more,
  });
  const keyRings = { 'shop/cart': { current: 1, ids: [1] } };

  test('leaves the counts and keys that it does not name as they were, and the proxy current', () => {
    const ledger = createLedger();
    const other = endpoint(5, { uid: 'other' });
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2), other], draining, keyRings }, start);
    expect(ledger.record('a', changes(2, 1, { endpoints: [endpoint(3)] }), start + 4000)).toBe('Recorded');
    expect(ledger.record('a', changes(3, 2, {}), start + 8000)).toBe('Recorded');
    expect(sessionsOf(ledger, ['a'], start + 8000)).toBe(3);
    expect(ledger.countsOf(['other'], start + 8000).get('other')).toEqual({ confirmed: 5, unconfirmed: 0 });
    expect(ledger.keyRingsOf('a', start + 8000)).toEqual(keyRings);
  });

  test('that names a pod as gone makes its count unknown', () => {
    const ledger = createLedger();
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2)], draining }, start);
    ledger.record('a', changes(2, 1, { gone: ['pod'] }), start);
    expect(sessionsOf(ledger, ['a'], start)).toMatch(/does not have this pod/);
  });

  test('notifies of the pods whose counts it changes, and of all if the proxy was silent before', () => {
    const ledger = createLedger();
    const others = [endpoint(5, { uid: 'other' }), endpoint(6, { uid: 'third' })];
    ledger.record('a', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(2), ...others], draining }, start);
    const notified: string[][] = [];
    ledger.onChange((uids) => notified.push([...uids].toSorted()));
    const same = endpoint(5, { uid: 'other', expiresAtMs: start + 40 * minute });
    ledger.record('a', changes(2, 1, { endpoints: [endpoint(3), same], gone: ['third', 'unknown'] }), start + 1000);
    ledger.record('a', changes(3, 2, { draining: accepting }), start + 2000);
    ledger.record('a', changes(4, 3, { draining: accepting }), start + 8000);
    expect(notified).toEqual([['pod', 'third'], ['pod'], ['other', 'pod']]);
  });

  test.each([
    ['another report', changes(3, 1, { endpoints: [endpoint(0)] })],
    ['a report of the process before', { ...changes(3, 2, { endpoints: [endpoint(0)] }), startedAtMs: 1 }],
  ])('on %s than the last one changes nothing', (_, report) => {
    const ledger = createLedger();
    for (const sequence of [1, 2]) {
      ledger.record('a', { startedAtMs: 0, sequence, endpoints: [endpoint(2)], draining }, start);
    }
    expect(ledger.record('a', report, start)).toBe('Gap');
    expect(sessionsOf(ledger, ['a'], start)).toBe(2);
  });
});

describe('for any sequence of reports', () => {
  const report = fc.record({
    startedAtMs: fc.integer({ min: 0, max: 2 }),
    proxy: fc.constantFrom('a', 'b', 'c'),
    sequence: fc.integer({ min: 0, max: 20 }),
    endpoints: fc.array(
      fc.record({
        uid: fc.constantFrom('pod', 'other'),
        sessions: fc.integer({ min: 0, max: 3 }),
        aliveMs: fc.integer({ min: 0, max: 60_000 }),
      }),
      { maxLength: 2 },
    ),
    drains: fc.boolean(),
    waitMs: fc.integer({ min: 0, max: 4000 }),
  });
  const expected = fc.subarray(['a', 'b', 'c']);

  test('unknown is never zero: a known count rests on a fresh, draining report of every expected proxy', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 12 }), expected, (reports, proxies) => {
        const ledger = createLedger();
        let nowMs = start;
        const accepted = new Map<string, { atMs: number; drains: boolean; sessions: number }>();
        for (const { proxy, startedAtMs, sequence, endpoints, drains, waitMs } of reports) {
          nowMs += waitMs;
          const listed = endpoints.map(({ aliveMs, ...rest }) => ({ ...rest, expiresAtMs: nowMs + aliveMs }));
          const pod = listed.findLast(({ uid }) => uid === 'pod');
          const confirmed = drains ? draining : accepting;
          if (
            ledger.record(proxy, { startedAtMs, sequence, endpoints: listed, draining: confirmed }, nowMs) ===
            'Recorded'
          ) {
            accepted.set(proxy, { atMs: nowMs, drains: drains && pod !== undefined, sessions: pod?.sessions ?? 0 });
          }
        }
        const [source] = ledger.sourcesOf('pod', proxies, nowMs);
        const words = proxies.map((proxy) => accepted.get(proxy));
        const sure = words.every((word) => word !== undefined && word.drains && nowMs - word.atMs <= 5000);
        expect(source?.known).toBe(sure);
        if (source?.known === true) {
          expect(source.sessions).toBeGreaterThanOrEqual(words.reduce((sum, word) => sum + (word?.sessions ?? 0), 0));
        }
      }),
    );
  });

  test('the ledger keeps nothing indefinitely', () => {
    const ledger = createLedger();
    for (let index = 0; index < 100; index += 1) {
      ledger.record(`proxy-${index}`, { startedAtMs: 0, sequence: 1, endpoints: [endpoint(1)], draining }, start);
    }
    ledger.record('last', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(0)], draining }, start + 31 * minute);
    // Proxies that were deleted long ago are as unknown as if they had never existed.
    expect(sessionsOf(ledger, ['proxy-0'], start + 31 * minute)).toBe('proxy pod proxy-0 has not reported');
  });
});

describe('the report of a proxy that handed over its sessions', () => {
  const gone = { uid: 'gone', startedAtMs: 7 };
  const say = (ledger: Ledger, sequence: number, sessions: number, atMs = start) =>
    ledger.record('gone', { startedAtMs: 7, sequence, endpoints: [endpoint(sessions)], draining }, atMs);
  const successorReports = (ledger: Ledger, sequence: number, sessions: number, atMs = start) =>
    ledger.record(
      'successor',
      { startedAtMs: 0, sequence, endpoints: [endpoint(sessions)], draining, successorOf: [gone] },
      atMs,
    );

  test('counts until its successor reports, and then no more', () => {
    const ledger = createLedger();
    say(ledger, 1, 3);
    ledger.record('successor', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(1)], draining }, start);
    expect(sessionsOf(ledger, ['successor'], start)).toBe(4);
    successorReports(ledger, 2, 4);
    expect(sessionsOf(ledger, ['successor'], start)).toBe(4);
    successorReports(ledger, 3, 0);
    expect(sessionsOf(ledger, ['successor'], start)).toBe(0);
  });

  test('is ignored when it arrives after that of its successor', () => {
    const ledger = createLedger();
    successorReports(ledger, 1, 4);
    expect(say(ledger, 9, 3)).toBe('Stale');
    expect(sessionsOf(ledger, ['successor'], start)).toBe(4);
    // While its pod exists, it is not known what it may still carry.
    expect(sessionsOf(ledger, ['successor', 'gone'], start)).toMatch(/gone has not reported/);
  });

  test('does not count after its container restarted: the report of the new process counts', () => {
    const ledger = createLedger();
    say(ledger, 1, 3);
    ledger.record('gone', { startedAtMs: 8, sequence: 1, endpoints: [endpoint(2)], draining }, start);
    expect(sessionsOf(ledger, ['gone'], start)).toBe(5);
    successorReports(ledger, 1, 3);
    expect(sessionsOf(ledger, ['gone', 'successor'], start)).toBe(5);
    successorReports(ledger, 2, 0);
    expect(sessionsOf(ledger, ['gone', 'successor'], start)).toBe(2);
  });

  test('does not affect the last report of its successor, which counts after that proxy is deleted too', () => {
    const ledger = createLedger();
    say(ledger, 1, 3);
    successorReports(ledger, 1, 4);
    ledger.record('other', { startedAtMs: 0, sequence: 1, endpoints: [endpoint(0)], draining }, start + minute);
    expect(sessionsOf(ledger, ['other'], start + minute)).toBe(4);
  });

  test('keeps the last counts of a bounded number of processes, whatever a proxy reports', () => {
    const ledger = createLedger();
    for (let startedAtMs = 1; startedAtMs <= 1000; startedAtMs += 1) {
      ledger.record('liar', { startedAtMs, sequence: 1, endpoints: [endpoint(1)], draining }, start);
    }
    // 16 earlier processes, and the current one.
    expect(ledger.certainCountOf('pod', ['liar'], start)).toEqual({ confirmed: 17, unconfirmed: 0 });
  });
});

describe('subscribers of a ledger', () => {
  function follow(): { ledger: Ledger; taken: () => string[] } {
    const ledger = createLedger();
    const changed = new Set<string>();
    ledger.onChange((podUids) => podUids.forEach((uid) => changed.add(uid)));
    const taken = () => {
      const uids = [...changed].toSorted();
      changed.clear();
      return uids;
    };
    return { ledger, taken };
  }
  const report = (sequence: number, ...endpoints: EndpointReport[]) => ({
    startedAtMs: 0,
    sequence,
    endpoints,
    draining,
  });

  test('are notified of the pods whose count or confirmation changed, and of no others', () => {
    const { ledger, taken } = follow();
    ledger.record('a', report(1, endpoint(2), endpoint(5, { uid: 'other' })), start);
    expect(taken()).toEqual(['other', 'pod']);
    ledger.record('a', report(2, endpoint(3), endpoint(5, { uid: 'other' })), start + 1000);
    expect(taken()).toEqual(['pod']);
    ledger.record('a', report(3, endpoint(3, { expiresAtMs: start }), endpoint(5, { uid: 'other' })), start + 2000);
    expect(taken()).toEqual([]);
    ledger.record('a', { ...report(4, endpoint(3)), draining: accepting }, start + 3000);
    expect(taken()).toEqual(['other', 'pod']);
  });

  test('are notified when a proxy becomes silent, and when it reports again', () => {
    const { ledger, taken } = follow();
    ledger.record('a', report(1, endpoint(2)), start);
    taken();
    ledger.sweep(start + 5000);
    expect(taken()).toEqual([]);
    ledger.sweep(start + 5001);
    expect(taken()).toEqual(['pod']);
    ledger.record('a', report(2, endpoint(2)), start + 6000);
    expect(taken()).toEqual(['pod']);
  });

  test('are notified when a successor has the sessions of a stopped proxy', () => {
    const { ledger, taken } = follow();
    ledger.record('a', report(1, endpoint(2)), start);
    taken();
    ledger.record('b', { ...report(1), successorOf: [{ uid: 'a', startedAtMs: 0 }] }, start);
    expect(taken()).toEqual(['pod']);
  });
});
