import { describe, expect, test } from '@jest/globals';
import { createMemoryClock } from '../../../support/memory-clock.ts';
import { idleTimeoutMs } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods, quiet, visit, type Replica } from './replica.ts';

/** Two replicas of the proxy behind one address. The operator passes on what each says to the other. */
function createPair() {
  const clock = createMemoryClock();
  const [one, other] = [createReplica(pods('a', 'b'), clock), createReplica(pods('a', 'b'), clock)];
  const relay = (from: Replica, to: Replica) => {
    const { ended, seen } = from.router.news();
    to.router.endElsewhere(ended);
    to.router.seenElsewhere(seen);
  };
  /** Time passes as on a cluster: sweeps and reports all along. */
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

describe('a stream that is open for longer than the token of its client can tell', () => {
  test('another replica takes the session for alive, while the stream is open', async () => {
    const { one, other, pass } = createPair();
    const { pod, cookie } = visit(one);
    const stream = holdOf(one.send([cookie]));
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 5);
    expect(visit(other, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('and until the idle limit after its end, whenever that was', async () => {
    const { one, other, pass } = createPair();
    const { pod, cookie } = visit(one);
    const stream = holdOf(one.send([cookie]));
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 5);
    stream.release();
    await pass(idleTimeoutMs - 1000);
    expect(visit(other, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('a stream that began when the token was not yet due, and ended when it had been, is told of at its end', async () => {
    const { one, other, pass } = createPair();
    const { pod, cookie } = visit(one);
    await pass(idleTimeoutMs / 4 - 1000);
    const stream = holdOf(one.send([cookie]));
    expect(stream.responseHead(quiet)).toBe('');
    await pass(idleTimeoutMs / 4 - 2000);
    stream.release();
    await pass(idleTimeoutMs - 1000);
    expect(visit(other, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('the same where the stream itself began the session, as a WebSocket without a cookie does', async () => {
    const { one, other, pass } = createPair();
    const stream = holdOf(one.send());
    const cookie = /^Set-Cookie: ([^;]+);/.exec(stream.responseHead(quiet))?.[1] ?? '';
    await pass(idleTimeoutMs * 3);
    stream.release();
    await pass(idleTimeoutMs - 1000);
    expect(visit(other, [cookie])).toMatchObject({ pod: stream.endpoint.pod, isNew: false });
  });

  test.each([
    { sentence: 'that goes on', begin: (one: Replica) => holdOf(one.send([visit(one).cookie])) },
    { sentence: 'that begins with it', begin: (one: Replica) => holdOf(one.send()) },
  ])('its end is told of, whatever was told while it was open, of a session $sentence', async ({ begin }) => {
    const { one, pass } = createPair();
    const stream = begin(one);
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 0.4);
    expect(one.router.news().seen).toEqual([]);
    stream.release();
    expect(one.router.news().seen).toHaveLength(1);
  });

  test('after that limit the session is over on every replica', async () => {
    const { one, other, pass } = createPair();
    const { cookie } = visit(one);
    const stream = holdOf(one.send([cookie]));
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 5);
    stream.release();
    // The date may be a quarter of the limit too old, and for so long it is in doubt.
    await pass(idleTimeoutMs * 1.25 + 4000);
    expect(visit(other, [cookie]).isNew).toBe(true);
    expect(visit(one, [cookie]).isNew).toBe(true);
  });

  test('the replica that only heard of it counts nothing: its pod waits for the one that has it', async () => {
    const { one, other, pass } = createPair();
    const stream = holdOf(one.send());
    stream.responseHead(quiet);
    await pass(idleTimeoutMs * 2);
    expect(other.count(stream.endpoint.pod).sessions).toBe(0);
    expect(one.count(stream.endpoint.pod).sessions).toBe(1);
  });

  test('short requests are not told of: they bring a new token in time', async () => {
    const { one, pass } = createPair();
    let { cookie } = visit(one);
    for (let request = 0; request < 20; request += 1) {
      await pass(10_000);
      cookie = visit(one, [cookie]).cookie || cookie;
      expect(one.router.news().seen).toEqual([]);
    }
  });
});

test('a session that its app ended through one replica is over on the other', async () => {
  const { one, other, pass } = createPair();
  const { pod, cookie } = visit(one);
  visit(other, [cookie]);
  expect(other.count(pod).sessions).toBe(1);
  finish(holdOf(one.send([cookie])), { setCookies: [], endsSession: true });
  await pass(1000);
  expect(other.count(pod).sessions).toBe(0);
  expect(other.counters().ended.Elsewhere).toBe(1);
});
