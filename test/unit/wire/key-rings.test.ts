import { describe, expect, test } from '@jest/globals';
import { parseReport } from '../../../src/wire/proxy-messages.ts';
import { createReportedKeyRings } from '../../../src/dataplane/discovery/report.ts';
import { backendName, keyOf, proxyTable } from '../../support/proxy-table.ts';

const report = { startedAtMs: 0, sequence: 1, endpoints: [], ended: [], seen: [] };

describe('the session keys in a report', () => {
  test('are those of the table by which the proxy routes, without secrets', () => {
    const table = proxyTable({ keyRing: { current: 2, keys: [keyOf(1), keyOf(2)] } });
    const sent = JSON.stringify({ ...report, keyRings: createReportedKeyRings()(table) });
    expect(sent).not.toContain(keyOf(1).secret);
    expect(parseReport(JSON.parse(sent))).toMatchObject({
      value: { keyRings: { [backendName]: { current: 2, ids: [1, 2] } } },
    });
  });

  test('may be absent, as in the report of an older proxy', () => {
    expect(parseReport(report)).toEqual({ value: report });
  });

  test.each([
    [[]],
    ['all'],
    [{ [backendName]: [1] }],
    [{ [backendName]: { current: '1', ids: [1] } }],
    [{ [backendName]: { current: 1, ids: [-1] } }],
  ])('are rejected as %j', (keyRings) => {
    expect(parseReport({ ...report, keyRings })).toEqual({ problem: expect.stringContaining('report.keyRings') });
  });
});
