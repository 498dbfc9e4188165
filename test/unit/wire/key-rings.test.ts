import { describe, expect, test } from '@jest/globals';
import { parseReport } from '../../../src/wire/table-stream.ts';
import { buildReport } from '../../../src/dataplane/discovery/report.ts';
import { backendName, keyOf, proxyTable } from '../../support/proxy-table.ts';

const report = { startedAtMs: 0, sequence: 1, endpoints: [], ended: [], seen: [] };

describe('the session keys that a proxy says it has', () => {
  test('arrive as it says them: those of the table it routes by, without a secret', () => {
    const table = proxyTable({ keyRing: { current: 2, keys: [keyOf(1), keyOf(2)] } });
    const sent = JSON.stringify(buildReport(table, () => undefined, { ...report, nowMs: 0 }));
    expect(sent).not.toContain(keyOf(1).secret);
    expect(parseReport(JSON.parse(sent))).toMatchObject({
      value: { keyRings: { [backendName]: { current: 2, ids: [1, 2] } } },
    });
  });

  test('are absent in the report of an older proxy, which is taken all the same', () => {
    expect(parseReport(report)).toEqual({ value: report });
  });

  test.each([
    [[]],
    ['all'],
    [{ [backendName]: [1] }],
    [{ [backendName]: { current: '1', ids: [1] } }],
    [{ [backendName]: { current: 1, ids: [-1] } }],
  ])('are refused as %j', (keyRings) => {
    expect(parseReport({ ...report, keyRings })).toEqual({ problem: expect.stringContaining('report.keyRings') });
  });
});
