import { describe, expect, test } from '@jest/globals';
import { parseReport } from '../../../../src/operator/discovery/parse-messages.ts';
import { buildReport } from '../../../../src/dataplane/discovery/report.ts';
import { backendName, keyOf, proxyTable } from '../../../support/proxy-table.ts';

const report = { startedAtMs: 0, sequence: 1, endpoints: [], ended: [], seen: [] };

describe('the session keys that a proxy says it has', () => {
  test('arrive as it says them: those of the table it routes by, without a secret', () => {
    const table = proxyTable({ keyRing: { current: 2, keys: [keyOf(1), keyOf(2)] } });
    const said = JSON.stringify(buildReport(table, () => undefined, { ...report, nowMs: 0 }));
    expect(said).not.toContain(keyOf(1).secret);
    expect(parseReport(JSON.parse(said)).keyRings).toEqual({ [backendName]: { current: 2, ids: [1, 2] } });
  });

  test('are absent in the report of an older proxy, which is taken all the same', () => {
    expect(parseReport(report)).not.toHaveProperty('keyRings');
  });

  test.each([
    [[]],
    ['all'],
    [{ [backendName]: [1] }],
    [{ [backendName]: { current: '1', ids: [1] } }],
    [{ [backendName]: { current: 1, ids: [-1] } }],
  ])('are refused as %j', (keyRings) => {
    expect(() => parseReport({ ...report, keyRings })).toThrow('keyRings must be an object');
  });
});
