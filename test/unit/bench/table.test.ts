/** The benchmarks measure the proxy with a table of the operator's own. */
import { expect, test } from '@jest/globals';
import { localTable } from '../../../bench/holdfast/table.ts';

test('the proxy listens on the given port, and connects to the port of each app', () => {
  const { listeners, backends } = localTable(9000, [9001, 9002]);
  expect(listeners.map(({ port }) => port)).toEqual([9000]);
  expect(Object.values(backends).flatMap(({ endpoints }) => endpoints)).toMatchObject([
    { address: '127.0.0.1', port: 9001 },
    { address: '127.0.0.1', port: 9002 },
  ]);
});
