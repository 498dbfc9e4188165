import { describe, expect, test } from '@jest/globals';
import { linesOf } from '../../../../src/dataplane/h1/header-lines.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { idleTimeoutMs } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods, quiet, visit, type Replica } from './replica.ts';

/** Two replicas of the proxy behind one address. The operator relays the notices of each to the other. */
function createPair() {
  const clock = createManualClock();
  const [one, other] = [createReplica(pods('a', 'b'), clock), createReplica(pods('a', 'b'), clock)];
  const relay = (from: Replica, to: Replica) => {
    const { ended, seen } = from.router.notices();
    to.router.receiveEnded(ended);
    to.router.receiveSeen(seen);
  };
  /** Advances the time as on a cluster, with sweeps and reports. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      await clock.advance(Math.min(1000, ms - passed));
      for (const replica of [one, other]) replica.sweep();
      relay(one, other);
      relay(other, one);
    }
  };
  return { one, other, pass };
}

describe('a stream that outlives the date in the token of its client', () => {
  test('keeps its session alive on another replica while it is open', async () => {
    const { one, other, pass } = createPair();
    const { pod, cookie } = visit(one);
    const stream = holdOf(one.send([cookie]));
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 5);
    expect(visit(other, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('keeps its session alive on another replica until the idle timeout after its end', async () => {
    const { one, other, pass } = createPair();
    const { pod, cookie } = visit(one);
    const stream = holdOf(one.send([cookie]));
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 5);
    stream.release();
    await pass(idleTimeoutMs - 1000);
    expect(visit(other, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('is announced at its end if the renewal of the token became due during the stream', async () => {
    const { one, other, pass } = createPair();
    const { pod, cookie } = visit(one);
    await pass(idleTimeoutMs / 4 - 1000);
    const stream = holdOf(one.send([cookie]));
    expect(linesOf(stream.responseHead(quiet))).toBe('');
    await pass(idleTimeoutMs / 4 - 2000);
    stream.release();
    await pass(idleTimeoutMs - 1000);
    expect(visit(other, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('keeps the session alive that it started itself, as a WebSocket without a cookie does', async () => {
    const { one, other, pass } = createPair();
    const stream = holdOf(one.send());
    const cookie = /^Set-Cookie: ([^;]+);/.exec(linesOf(stream.responseHead(quiet)))?.[1] ?? '';
    await pass(idleTimeoutMs * 3);
    stream.release();
    await pass(idleTimeoutMs - 1000);
    expect(visit(other, [cookie])).toMatchObject({ pod: stream.endpoint.pod, isNew: false });
  });

  test.each([
    { sentence: 'of an existing session', begin: (one: Replica) => holdOf(one.send([visit(one).cookie])) },
    { sentence: 'that starts its session', begin: (one: Replica) => holdOf(one.send()) },
  ])('$sentence is announced at its end, even if it was announced while it was open', async ({ begin }) => {
    const { one, pass } = createPair();
    const stream = begin(one);
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 0.4);
    expect(one.router.notices().seen).toEqual([]);
    stream.release();
    expect(one.router.notices().seen).toHaveLength(1);
  });

  test('does not keep its session alive beyond the idle timeout after its end', async () => {
    const { one, other, pass } = createPair();
    const { cookie } = visit(one);
    const stream = holdOf(one.send([cookie]));
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 5);
    stream.release();
    // The date may be too old by a quarter of the timeout, and the session is in doubt for that long.
    await pass(idleTimeoutMs * 1.25 + 4000);
    expect(visit(other, [cookie]).isNew).toBe(true);
    expect(visit(one, [cookie]).isNew).toBe(true);
  });

  test('is not counted by a replica that only received its notice', async () => {
    const { one, other, pass } = createPair();
    const stream = holdOf(one.send());
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 2);
    expect(other.count(stream.endpoint.pod).sessions).toBe(0);
    expect(one.count(stream.endpoint.pod).sessions).toBe(1);
  });

  test('is announced, but short requests are not: they renew the token in time', async () => {
    const { one, pass } = createPair();
    let { cookie } = visit(one);
    for (let request = 0; request < 20; request += 1) {
      await pass(10_000);
      cookie = visit(one, [cookie]).cookie || cookie;
      expect(one.router.notices().seen).toEqual([]);
    }
  });
});

test('a session that its app ends through one replica ends on the other', async () => {
  const { one, other, pass } = createPair();
  const { pod, cookie } = visit(one);
  visit(other, [cookie]);
  expect(other.count(pod).sessions).toBe(1);
  finish(holdOf(one.send([cookie])), { setCookies: [], endsSession: true });
  await pass(1000);
  expect(other.count(pod).sessions).toBe(0);
  expect(other.counters().ended.Elsewhere).toBe(1);
});
