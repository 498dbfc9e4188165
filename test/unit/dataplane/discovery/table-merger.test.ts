import { describe, expect, test } from '@jest/globals';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { createTableMerger } from '../../../../src/dataplane/discovery/table-merger.ts';
import { backendName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

const table = (...endpoints: ShortEndpoint[]) => proxyTable({ endpoints });
const statesOf = ({ backends }: RoutingTable) =>
  (backends[backendName]?.endpoints ?? []).map(({ pod, state }) => `${pod} ${state}`).join(', ');

function createMerger() {
  const tables: string[] = [];
  const confirmed: number[] = [];
  const merger = createTableMerger({
    onTable: (choice) => tables.push(statesOf(choice.table)),
    onConfirmed: (asOfMs) => confirmed.push(asOfMs),
  });
  return {
    tables,
    confirmed,
    merger,
    send: (replica: string, revision: number, content: RoutingTable, asOfMs = 1000) => {
      merger.message(replica, { revision: String(revision), asOfMs, table: content });
    },
    beat: (replica: string, revision: number, asOfMs: number) => {
      merger.message(replica, { revision: String(revision), asOfMs });
    },
  };
}

describe('the merger of tables', () => {
  test('confirms the table when another replica has an equal one', () => {
    const { tables, confirmed, send, beat } = createMerger();
    send('x', 10, table({ pod: 'a' }));
    send('y', 11, table({ pod: 'a' }), 2000);
    beat('x', 12, 3000);
    expect(tables).toEqual(['a Accepting']);
    expect(confirmed).toEqual([2000, 3000]);
  });

  test('applies a termination from the first replica that sees it, and keeps it when another lags', () => {
    const { tables, merger, send } = createMerger();
    send('x', 10, table({ pod: 'a' }, { pod: 'b' }));
    send('y', 9, table({ pod: 'a', state: 'Draining' }, { pod: 'b' }));
    merger.down('y');
    merger.forget('y');
    send('x', 11, table({ pod: 'a' }, { pod: 'b' }));
    expect(tables).toEqual(['a Accepting, b Accepting', 'a Draining, b Accepting']);
  });

  test('keeps a pod draining that one replica no longer has, and another has not seen terminate yet', () => {
    const { tables, send } = createMerger();
    send('y', 12, table({ pod: 'a' }, { pod: 'b' }));
    send('x', 10, table({ pod: 'a', state: 'Draining' }, { pod: 'b' }));
    send('x', 11, table({ pod: 'b' }));
    send('y', 13, table({ pod: 'a' }, { pod: 'b' }));
    expect(tables).toEqual(['a Accepting, b Accepting', 'a Draining, b Accepting']);
  });

  test('believes the newer revision of the replica by which a pod drained', () => {
    const { tables, merger, send } = createMerger();
    send('x', 10, table({ pod: 'a', state: 'Draining' }));
    send('x', 11, table({ pod: 'a' }));
    send('y', 12, table({ pod: 'a', state: 'Draining' }));
    merger.down('y');
    send('y', 12, table({ pod: 'a' }));
    expect(tables).toEqual(['a Draining', 'a Accepting', 'a Draining', 'a Accepting']);
  });

  test('does not believe an older revision of it, after a restart', () => {
    const { tables, merger, send } = createMerger();
    send('x', 10, table({ pod: 'a', state: 'Draining' }));
    merger.down('x');
    send('x', 9, table({ pod: 'a' }), 9000);
    expect(tables).toEqual(['a Draining']);
  });

  test('routes to an endpoint that is no pod as soon as it no longer terminates, whichever replica is chosen', () => {
    const { tables, merger, send } = createMerger();
    const vm = { pod: '10.0.0.5', uid: '10.0.0.5:8080' };
    send('x', 10, table({ ...vm, state: 'Draining' }));
    merger.down('x');
    send('y', 11, table(vm));
    expect(tables).toEqual(['10.0.0.5 Draining', '10.0.0.5 Accepting']);
  });

  test('ignores heartbeats of a reconnected replica until it sends a table', () => {
    const { tables, confirmed, merger, send, beat } = createMerger();
    send('x', 10, table({ pod: 'a' }));
    merger.down('x');
    confirmed.length = 0;
    beat('x', 20, 9000);
    expect(confirmed).toEqual([]);
    send('x', 20, table({ pod: 'b' }), 9000);
    expect(tables).toEqual(['a Accepting', 'b Accepting']);
  });

  test('uses a stored table until a replica sends one, and not afterwards', () => {
    const stored = { stream: 0, revision: 5n, asOfMs: 0, table: table({ pod: 'stored' }) };
    const first = createMerger();
    first.merger.startFrom(stored);
    first.send('x', 10, table({ pod: 'a' }));
    expect(first.tables).toEqual(['stored Accepting', 'a Accepting']);
    const second = createMerger();
    second.send('x', 10, table({ pod: 'a' }));
    second.merger.startFrom(stored);
    expect(second.tables).toEqual(['a Accepting']);
  });
});
