import { expect, test } from '@jest/globals';
import { applyChange, changeOf } from '../../../../src/dataplane/workers/table-change.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

const table = proxyTable({});
const [backend] = Object.values(table.backends);

test('a change has the backends that differ, and lists only if they do', () => {
  if (backend === undefined) throw new Error('no backend');
  const before = { ...table, backends: { a: backend, b: backend, c: backend } };
  const other = { ...backend };
  const after = { ...before, backends: { a: backend, b: other, d: backend } };
  const change = changeOf(before, after);
  expect([Object.keys(change.backends), change.goneBackends]).toEqual([['b', 'd'], ['c']]);
  expect([change.listeners, change.routes]).toEqual([undefined, undefined]);
  const applied = applyChange(before, change);
  expect(applied).toEqual(after);
  expect([applied.routes, applied.backends['a']]).toEqual([before.routes, backend]);
});

test('the first table is sent whole, and what is optional may go', () => {
  expect(applyChange(undefined, structuredClone(changeOf(undefined, table)))).toEqual(table);
  const { proxy: _, ...without } = table;
  expect(applyChange(table, changeOf(table, without))).toEqual(without);
  const routes = [...table.routes];
  expect(applyChange(table, changeOf(table, { ...table, routes })).routes).toBe(routes);
});
