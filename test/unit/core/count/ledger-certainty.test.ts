/** The counts for decisions about pods that are not draining: only certain ones. */
import { describe, expect, test } from '@jest/globals';
import { reportMaxAgeMs } from '../../../../src/core/count/latest-reports.ts';
import { createLedger } from '../../../../src/core/count/ledger.ts';
import type { EndpointReport, KeyRingReport } from '../../../../src/wire/messages.ts';

const start = 1_000_000;
const endpoint = (sessions: number): EndpointReport => ({
  uid: 'pod',
  sessions,
  expiresAtMs: start + 1_800_000,
});
const report = (sequence: number, endpoints: EndpointReport[], keyRings?: Record<string, KeyRingReport>) => ({
  startedAtMs: 0,
  sequence,
  endpoints,
  draining: undefined,
  ...(keyRings && { keyRings }),
});

describe('the count of a pod is certain', () => {
  test('when every proxy has reported the pod, whatever its state', () => {
    const ledger = createLedger();
    ledger.record('a', report(1, [endpoint(2)]), start);
    ledger.record('b', report(1, [endpoint(0)]), start);
    expect(ledger.certainCountOf('pod', ['a', 'b'], start)).toEqual({ confirmed: 2, unconfirmed: 0 });
  });

  test('including the sessions of a deleted proxy as long as they may return', () => {
    const ledger = createLedger();
    ledger.record('gone', report(1, [endpoint(5)]), start);
    ledger.record('a', report(1, [endpoint(2)]), start);
    expect(ledger.certainCountOf('pod', ['a'], start)).toEqual({ confirmed: 7, unconfirmed: 0 });
  });

  test.each([
    ['a proxy has not reported', ['a', 'b'], start],
    ['a proxy does not have the pod in its table', ['a', 'c'], start],
    ['a proxy has stopped reporting', ['a'], start + reportMaxAgeMs + 1],
    ['no proxy exists', [], start],
  ])('is not certain while %s: unknown is not idle', (_, expected, nowMs) => {
    const ledger = createLedger();
    ledger.record('a', report(1, [endpoint(0)]), start);
    ledger.record('c', report(1, []), start);
    expect(ledger.certainCountOf('pod', expected, nowMs)).toBeUndefined();
  });
});

describe('the session keys of a proxy', () => {
  const rings = { 'shop/cart': { current: 1, ids: [1, 2] } };

  test('are those of its last report, for some seconds', () => {
    const ledger = createLedger();
    ledger.record('a', report(1, [], { 'shop/cart': { current: 1, ids: [1] } }), start);
    ledger.record('a', report(2, [], rings), start);
    expect(ledger.keyRingsOf('a', start + reportMaxAgeMs)).toEqual(rings);
    expect(ledger.keyRingsOf('a', start + reportMaxAgeMs + 1)).toBeUndefined();
  });

  test('are not changed by a report that arrives late', () => {
    const ledger = createLedger();
    ledger.record('a', report(2, [], { 'shop/cart': { current: 1, ids: [1] } }), start);
    ledger.record('a', report(1, [], rings), start);
    expect(ledger.keyRingsOf('a', start)).toEqual({ 'shop/cart': { current: 1, ids: [1] } });
  });

  test('are unknown if it does not report them, as an older version', () => {
    const ledger = createLedger();
    ledger.record('a', report(1, []), start);
    expect(ledger.keyRingsOf('a', start)).toBeUndefined();
  });
});
