/** What the ledger says to those who act on it while a pod is not draining: only what is certain. */
import { describe, expect, test } from '@jest/globals';
import { createLedger, reportMaxAgeMs } from '../../../../src/core/count/ledger.ts';
import type { EndpointReport, KeyRingReport } from '../../../../src/wire/messages.ts';

const start = 1_000_000;
const endpoint = (sessions: number): EndpointReport => ({
  uid: 'pod',
  state: 'Accepting',
  sessions,
  expiresAtMs: start + 1_800_000,
});
const report = (sequence: number, endpoints: EndpointReport[], keyRings?: Record<string, KeyRingReport>) => ({
  startedAtMs: 0,
  sequence,
  endpoints,
  ...(keyRings && { keyRings }),
});

describe('the count of a pod is certain', () => {
  test('when every proxy has reported of it, in whatever state', () => {
    const ledger = createLedger();
    ledger.record('a', report(1, [endpoint(2)]), start);
    ledger.record('b', report(1, [endpoint(0)]), start);
    expect(ledger.certainCountOf('pod', ['a', 'b'], start)).toBe(2);
  });

  test('with sessions of a proxy that is gone, as long as they may come back', () => {
    const ledger = createLedger();
    ledger.record('gone', report(1, [endpoint(5)]), start);
    ledger.record('a', report(1, [endpoint(2)]), start);
    expect(ledger.certainCountOf('pod', ['a'], start)).toBe(7);
  });

  test.each([
    ['a proxy has not reported', ['a', 'b'], start],
    ['a proxy does not know it', ['a', 'c'], start],
    ['a proxy fell silent', ['a'], start + reportMaxAgeMs + 1],
    ['no proxy is there to tell', [], start],
  ])('not while %s: unknown is not idle', (_, expected, nowMs) => {
    const ledger = createLedger();
    ledger.record('a', report(1, [endpoint(0)]), start);
    ledger.record('c', report(1, []), start);
    expect(ledger.certainCountOf('pod', expected, nowMs)).toBeUndefined();
  });
});

describe('the session keys of a proxy', () => {
  const rings = { 'shop/cart': { current: 1, ids: [1, 2] } };

  test('are as it said last, for some seconds', () => {
    const ledger = createLedger();
    ledger.record('a', report(1, [], { 'shop/cart': { current: 1, ids: [1] } }), start);
    ledger.record('a', report(2, [], rings), start);
    expect(ledger.keyRingsOf('a', start + reportMaxAgeMs)).toEqual(rings);
    expect(ledger.keyRingsOf('a', start + reportMaxAgeMs + 1)).toBeUndefined();
  });

  test('are not taken from a report that came late', () => {
    const ledger = createLedger();
    ledger.record('a', report(2, [], { 'shop/cart': { current: 1, ids: [1] } }), start);
    ledger.record('a', report(1, [], rings), start);
    expect(ledger.keyRingsOf('a', start)).toEqual({ 'shop/cart': { current: 1, ids: [1] } });
  });

  test('are unknown of one that does not say, as an older version', () => {
    const ledger = createLedger();
    ledger.record('a', report(1, []), start);
    expect(ledger.keyRingsOf('a', start)).toBeUndefined();
  });
});
