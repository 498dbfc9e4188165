import { expect, test } from '@jest/globals';
import { RetainedEndpoints } from '../../../../src/dataplane/discovery/retained-endpoints.ts';
import { shareUnchanged } from '../../../../src/platform/share-unchanged.ts';
import { plainTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

type Lists = Record<string, ShortEndpoint[]>;

test('the connections are kept to the endpoints that any backend has, and the lost nodes are known', () => {
  const lost = { pod: 'b', nodeLost: true as const };
  const rows: { backends: Lists; uids: string[]; lost: string[] }[] = [
    { backends: { 'shop/x:80': [{ pod: 'a' }, { pod: 'b' }] }, uids: ['a', 'b'], lost: [] },
    { backends: { 'shop/x:80': [{ pod: 'a' }, lost], 'shop/y:80': [lost] }, uids: ['a', 'b'], lost: ['b'] },
    { backends: { 'shop/x:80': [{ pod: 'c' }], 'shop/y:80': [lost] }, uids: ['b', 'c'], lost: ['b'] },
    { backends: { 'shop/x:80': [{ pod: 'b' }, { pod: 'c' }] }, uids: ['b', 'c'], lost: [] },
    { backends: {}, uids: [], lost: [] },
  ];
  const retained = new RetainedEndpoints();
  let table = plainTable({});
  for (const { backends, uids, lost } of rows) {
    table = shareUnchanged(table, plainTable(backends));
    expect(retained.read(table)).toBe(true);
    expect(retained.read(table)).toBe(false);
    expect([...retained.uids.keys()].toSorted()).toEqual(uids.map((pod) => `uid-${pod}`));
    expect([...retained.lost.keys()]).toEqual(lost.map((pod) => `uid-${pod}`));
  }
});
