import { describe, expect, test } from '@jest/globals';
import { chooseReplica, type Choice, type ReplicaView } from '../../../../src/dataplane/discovery/choose.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

const table = proxyTable({});
const view = (stream: number, revision: string, more: Partial<ReplicaView> = {}): ReplicaView => ({
  stream,
  connected: true,
  revision: BigInt(revision),
  asOfMs: 1000,
  table,
  ...more,
});
const current = (stream: number, revision: string): Choice => ({
  stream,
  revision: BigInt(revision),
  asOfMs: 1000,
  table,
});

describe('the chosen replica', () => {
  const rows: { sentence: string; current?: Choice; views: ReplicaView[]; stream: number | undefined }[] = [
    { sentence: 'is none while no replica is connected', views: [], stream: undefined },
    { sentence: 'is the one with the newest revision', views: [view(1, '9'), view(2, '10')], stream: 2 },
    {
      sentence: 'has the highest revision, compared as a number of any length',
      views: [view(1, '99999999999999999999'), view(2, '100000000000000000000')],
      stream: 2,
    },
    {
      sentence: 'stays when another has the same revision',
      current: current(2, '10'),
      views: [view(1, '10'), view(2, '10')],
      stream: 2,
    },
    {
      sentence: 'stays when another has an older revision',
      current: current(2, '10'),
      views: [view(1, '9'), view(2, '10')],
      stream: 2,
    },
    {
      sentence: 'changes to one with a newer revision',
      current: current(2, '10'),
      views: [view(1, '11'), view(2, '10')],
      stream: 1,
    },
    {
      sentence: 'changes to one with the same revision when its stream is gone',
      current: current(2, '10'),
      views: [view(1, '10'), view(2, '10', { connected: false })],
      stream: 1,
    },
    {
      sentence: 'does not change to one with an older revision, which will catch up',
      current: current(2, '10'),
      views: [view(1, '9', { asOfMs: 5000 })],
      stream: 2,
    },
    {
      sentence: 'changes to one with an older revision if its state is certainly newer, as after a restore of etcd',
      current: current(2, '10'),
      views: [view(1, '3', { asOfMs: 6001 })],
      stream: 1,
    },
    {
      sentence: 'is never one that is not connected',
      current: current(2, '10'),
      views: [view(1, '12', { connected: false }), view(2, '10')],
      stream: 2,
    },
    { sentence: 'stays when no replica is left', current: current(2, '10'), views: [], stream: 2 },
  ];
  test.each(rows)('$sentence', ({ current, views, stream }) => {
    expect(chooseReplica(current, views)?.stream).toBe(stream);
  });

  test('is updated by its own newer message with the same revision', () => {
    const newer = view(2, '10', { asOfMs: 2000 });
    expect(chooseReplica(current(2, '10'), [newer])).toBe(newer);
  });
});
