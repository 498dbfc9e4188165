import { describe, expect, test } from '@jest/globals';
import {
  chooseReplica,
  overlayDraining,
  type Choice,
  type ReplicaView,
} from '../../../../src/dataplane/discovery/choose.ts';
import { backendName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

const table = (...endpoints: ShortEndpoint[]) => proxyTable({ endpoints });
const view = (stream: number, revision: string, more: Partial<ReplicaView> = {}): ReplicaView => ({
  stream,
  connected: true,
  revision: BigInt(revision),
  asOfMs: 1000,
  table: table(),
  ...more,
});
const current = (stream: number, revision: string): Choice => ({
  stream,
  revision: BigInt(revision),
  asOfMs: 1000,
  table: table(),
});

describe('the replica to route by', () => {
  const rows: { sentence: string; current?: Choice; views: ReplicaView[]; stream: number | undefined }[] = [
    { sentence: 'none while nobody answers', views: [], stream: undefined },
    { sentence: 'the one that knows most', views: [view(1, '9'), view(2, '10')], stream: 2 },
    {
      sentence: 'revisions are numbers of any length, not text',
      views: [view(1, '99999999999999999999'), view(2, '100000000000000000000')],
      stream: 2,
    },
    {
      sentence: 'the one in use stays against one that knows the same',
      current: current(2, '10'),
      views: [view(1, '10'), view(2, '10')],
      stream: 2,
    },
    {
      sentence: 'the one in use stays against one that knows less',
      current: current(2, '10'),
      views: [view(1, '9'), view(2, '10')],
      stream: 2,
    },
    {
      sentence: 'one that knows more takes over',
      current: current(2, '10'),
      views: [view(1, '11'), view(2, '10')],
      stream: 1,
    },
    {
      sentence: 'when the stream in use is gone, one that knows as much takes over',
      current: current(2, '10'),
      views: [view(1, '10'), view(2, '10', { connected: false })],
      stream: 1,
    },
    {
      sentence: 'one that knows less does not: it will catch up',
      current: current(2, '10'),
      views: [view(1, '9', { asOfMs: 5000 })],
      stream: 2,
    },
    {
      sentence: 'unless its view is certainly younger, as after a restore of etcd',
      current: current(2, '10'),
      views: [view(1, '3', { asOfMs: 6001 })],
      stream: 1,
    },
    {
      sentence: 'what is not connected is not chosen, whatever it knew',
      current: current(2, '10'),
      views: [view(1, '12', { connected: false }), view(2, '10')],
      stream: 2,
    },
    { sentence: 'the table in use stays when nobody is left', current: current(2, '10'), views: [], stream: 2 },
  ];
  test.each(rows)('$sentence', ({ current, views, stream }) => {
    expect(chooseReplica(current, views)?.stream).toBe(stream);
  });

  test('at an equal revision the newer message of the replica in use counts', () => {
    const newer = view(2, '10', { asOfMs: 2000 });
    expect(chooseReplica(current(2, '10'), [newer])).toBe(newer);
  });
});

describe('draining', () => {
  const stateOf = (result: ReturnType<typeof table>, pod: string) =>
    result.backends[backendName]?.endpoints.find((endpoint) => endpoint.pod === pod);

  test('a pod that any replica shows draining is draining', () => {
    const merged = overlayDraining(table({ pod: 'a' }, { pod: 'b' }), [
      table({ pod: 'a' }),
      table({ pod: 'a', state: 'Draining' }),
    ]);
    expect(stateOf(merged, 'a')).toMatchObject({ state: 'Draining', reason: 'PodTerminating' });
    expect(stateOf(merged, 'b')).toMatchObject({ state: 'Accepting' });
  });

  test('a pod that is not in the chosen table is not brought back', () => {
    expect(
      stateOf(overlayDraining(table({ pod: 'b' }), [table({ pod: 'a', state: 'Draining' })]), 'a'),
    ).toBeUndefined();
  });

  test('without news the table is the same object', () => {
    const chosen = table({ pod: 'a', state: 'Draining' }, { pod: 'b' });
    expect(overlayDraining(chosen, [table({ pod: 'a', state: 'Draining' })])).toBe(chosen);
  });
});
