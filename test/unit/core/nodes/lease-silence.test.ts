import { describe, expect, test } from '@jest/globals';
import { createLeaseSilence, findLostNodes, recordRenewal } from '../../../../src/core/nodes/lease-silence.ts';

/** Leases of nodes a and b, renewed at these seconds; returns what is lost at `atS`. */
function lostAt(atS: number, renewals: Record<string, number[]>): string[] | undefined {
  const silence = createLeaseSilence();
  const inOrder = Object.entries(renewals)
    .flatMap(([node, times]) => times.map((s) => ({ node, s })))
    .toSorted((one, other) => one.s - other.s);
  for (const { node, s } of inOrder) recordRenewal(silence, node, s * 1000);
  return findLostNodes(silence, atS * 1000);
}

describe('a node that does not renew its Lease', () => {
  test('is lost after 25 s, and not before', () => {
    const renewals = { a: [0, 10, 20, 30, 40], b: [1, 11] };
    expect(lostAt(36, renewals)).toEqual([]);
    expect(lostAt(37, renewals)).toEqual(['b']);
  });

  test('is no longer lost with its next renewal', () => {
    expect(lostAt(51, { a: [0, 10, 20, 30, 40, 50], b: [1, 50] })).toEqual([]);
  });
});

describe('an API server that is unavailable', () => {
  test('makes no node lost: nothing is known', () => {
    expect(lostAt(60, { a: [0, 10], b: [1, 11] })).toBeUndefined();
  });

  test('leaves every node its whole time once it is back', () => {
    const renewals = { a: [0, 10, 70, 80, 90, 100], b: [1, 11] };
    expect(lostAt(95, renewals)).toEqual([]);
    expect(lostAt(96, renewals)).toEqual(['b']);
  });

  test('makes the only node of a cluster not lost', () => {
    expect(lostAt(40, { a: [0, 10] })).toBeUndefined();
  });
});
