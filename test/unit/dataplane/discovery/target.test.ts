/** What a proxy passes on when it shuts down, and repeats to the operator, with a source of tables that the test controls. */
import { describe, expect, test } from '@jest/globals';
import { createProxyTarget } from '../../../../src/dataplane/discovery-target.ts';
import type { Handover } from '../../../../src/wire/messages.ts';
import type { ProxySettings } from '../../../../src/wire/proxy-settings.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods, quiet, visit } from '../sessions/replica.ts';

const session = { id: '00000000deadbeef', endpoint: 'ffffffffffffffff', backend: 7, lastSeenS: 10, issuedAtS: 5 };
const late = { from: 'uid-late', startedAtMs: 7, sessions: [session], ended: ['00000000cafecafe'], successorOf: [] };

function createTarget() {
  const replica = createReplica(pods('a'));
  const applied: ProxySettings[] = [];
  const target = createProxyTarget({
    router: replica.router,
    server: { retain: () => undefined, configureTls: () => undefined },
    settings: { apply: (settings) => applied.push(settings) },
    listeners: { sync: () => undefined },
    clock: replica.clock,
    log: createMemoryLogger(),
  });
  const sent: Handover[] = [];
  const source = {
    handOver: async (handover: Handover) => sent.push(handover) > 0,
    sendLastReport: () => Promise.resolve(),
  };
  /** Reports once a second. Returns the ended sessions in the last report. */
  const pass = async (seconds: number) => {
    let ended: string[] | undefined;
    for (let passed = 0; passed < seconds; passed += 1) {
      await replica.clock.advance(1000);
      ended = target.draftReport(passed)?.head.ended;
    }
    return ended;
  };
  return { replica, target, source, sent, pass, applied };
}

test('a proxy keeps its settings when the operator does not know them', () => {
  const { target, applied } = createTarget();
  const { proxy, ...table } = proxyTable({});
  target.onTable({ stream: 1, revision: 1n, table: { ...table, proxy }, asOfMs: 1000 });
  target.onTable({ stream: 1, revision: 2n, table, asOfMs: 2000 });
  expect(applied).toEqual([proxy]);
});

describe('a proxy that shuts down', () => {
  test('passes on a handover whose pods it does not know yet', async () => {
    const { target, source, sent } = createTarget();
    target.onHandover(late);
    await target.handOver(source);
    expect(sent[1]).toMatchObject({ sessions: [session], successorOf: [{ uid: 'uid-late', startedAtMs: 7 }] });
  });

  test('passes on a handover that arrives after its own', async () => {
    const { target, source, sent } = createTarget();
    await target.handOver({
      ...source,
      async sendLastReport() {
        target.onHandover(late);
      },
    });
    expect(sent[1]).toMatchObject({ sessions: [session], ended: late.ended, successorOf: [{ uid: 'uid-late' }] });
  });

  test('does not pass on a handover that comes back to it, when every proxy shuts down', async () => {
    const { target, source, sent } = createTarget();
    await target.handOver(source);
    const [own] = sent;
    if (own === undefined) throw new Error('nothing was handed over');
    target.onHandover({ ...late, successorOf: [{ uid: 'uid-own', startedAtMs: own.startedAtMs }] });
    await target.handOver(source);
    expect(sent.filter(({ sessions }) => sessions.length > 0)).toEqual([]);
  });

  test('hands over every ended session that it remembers, not only those of the last seconds', async () => {
    const { replica, target, source, sent, pass } = createTarget();
    const { cookie } = visit(replica);
    finish(holdOf(replica.send([cookie])), { ...quiet, endsSession: true });
    expect(await pass(20)).toEqual([]);
    await target.handOver(source);
    expect(sent[0]?.ended).toHaveLength(1);
  });
});

test('a proxy repeats the ended sessions that it remembers after a stream to the operator has opened', async () => {
  const { replica, target, pass } = createTarget();
  const { cookie } = visit(replica);
  finish(holdOf(replica.send([cookie])), { ...quiet, endsSession: true });
  expect(await pass(1)).toHaveLength(1);
  expect(await pass(20)).toEqual([]);
  target.onConnected();
  expect(await pass(3)).toEqual([]);
  target.onConnected();
  expect(await pass(3)).toHaveLength(1);
});
