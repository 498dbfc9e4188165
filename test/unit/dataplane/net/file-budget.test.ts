import { expect, test } from '@jest/globals';
import { connectionsWithin } from '../../../../src/dataplane/net/file-budget.ts';

test.each([
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  [65_536, 32_640],
  [1024, 384],
  [150, 16],
])('a process with %d files admits %d client connections', (openFiles, connections) => {
  expect(connectionsWithin(openFiles)).toBe(connections);
});
