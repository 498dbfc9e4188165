/** Sessions that the app owns, at two replicas of the proxy. The token in the app's cookie keeps its date for as long as the session lives. */
import { describe, expect, test } from '@jest/globals';
import { createManualClock } from '../../../support/manual-clock.ts';
import { idleTimeoutMs, proxyTable, type ShortTable } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, type Replica } from './replica.ts';

const table = (more: ShortTable = {}) =>
  proxyTable({
    endpoints: [{ pod: 'a' }, { pod: 'b' }],
    ...more,
    persistence: { carrier: { type: 'ApplicationCookie', name: 'sid' } },
  });

const login = { setCookies: ['sid=1; Path=/'], endsSession: false };

function createPair() {
  const clock = createManualClock();
  const [one, other] = [createReplica(table(), clock), createReplica(table(), clock)];
  const relay = () => {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const { ended, seen } = from.router.notices();
      to.router.receiveEnded(ended);
      to.router.receiveSeen(seen);
    }
  };
  /** A click every ten seconds, with sweeps and reports each second. Returns after how many clicks there was a new notice. */
  const click = async (replica: Replica, { cookie, forMs }: { cookie: string; forMs: number }) => {
    let announced = 0;
    for (let passed = 0; passed < forMs; passed += 10_000) {
      for (let second = 0; second < 10; second += 1) {
        await clock.advance(1000);
        replica.sweep();
        relay();
      }
      expect(finish(holdOf(replica.send([cookie]))).isNew).toBe(false);
      announced += replica.router.notices().seen.length;
    }
    return announced;
  };
  const begin = (replica: Replica) => {
    const { pod, cookie } = finish(holdOf(replica.send()), login);
    return { pod, cookie };
  };
  return { clock, one, other, relay, click, begin };
}

describe('a session that the app owns', () => {
  test('keeps its pod for as long as it is used, with the token of its first response, at every replica', async () => {
    const { one, other, click, begin } = createPair();
    const { pod, cookie } = begin(one);
    await click(one, { cookie, forMs: idleTimeoutMs * 5 });
    expect(finish(holdOf(other.send([cookie])))).toMatchObject({ pod, isNew: false, lines: '' });
  });

  test('is announced to other replicas once in a quarter of the idle timeout, not with every request', async () => {
    const { one, click, begin } = createPair();
    const { cookie } = begin(one);
    await click(one, { cookie, forMs: idleTimeoutMs });
    // Intervals of 15 s, clicks every 10 s: two of three clicks are the first in their interval.
    expect(await click(one, { cookie, forMs: 240_000 })).toBe(16);
  });

  test('counts as lost with its pod at a replica that only received notices about it', async () => {
    const { one, other, click, begin, relay } = createPair();
    const { pod, cookie } = begin(one);
    await click(one, { cookie, forMs: idleTimeoutMs * 3 });
    relay();
    other.swap(table({ endpoints: [{ pod: pod === 'a' ? 'b' : 'a' }], removedEndpoints: [pod] }));
    expect(holdOf(other.send([cookie])).isNew).toBe(true);
    expect(other.counters().lost.EndpointRemoved + other.counters().lost.Unconfirmed).toBe(1);
  });

  test('that was idle for a day finds its pod again: whether it is alive, the app says', async () => {
    const { clock, one, other, begin } = createPair();
    const { pod, cookie } = begin(one);
    await clock.advance(24 * 60 * 60_000);
    one.sweep();
    expect(one.count(pod).sessions).toBe(0);
    for (const replica of [one, other]) {
      expect(finish(holdOf(replica.send([cookie])))).toMatchObject({ pod, isNew: false, lines: '' });
    }
  });

  test('ends at its absolute timeout, and a later request with its token is one without a session', async () => {
    const clock = createManualClock();
    const replica = createReplica(table({ limits: { idleTimeoutMs, absoluteTimeoutMs: 2 * idleTimeoutMs } }), clock);
    const { cookie } = finish(holdOf(replica.send()), login);
    await clock.advance(2 * idleTimeoutMs + 1000);
    expect(finish(holdOf(replica.send([cookie])))).toMatchObject({ isNew: true, lines: '' });
  });

  test('that the app ended does not revive with its token, at any replica', async () => {
    const { one, other, relay, begin } = createPair();
    const { cookie } = begin(one);
    const logout = { setCookies: ['sid=; Max-Age=0; Path=/'], endsSession: false };
    expect(finish(holdOf(one.send([cookie])), logout).lines).toBe('Set-Cookie: sid=; Max-Age=0; Path=/\r\n');
    relay();
    for (const replica of [one, other]) expect(holdOf(replica.send([cookie])).isNew).toBe(true);
  });

  test('is not ended by a request for a new session that the app does not start', () => {
    const replica = createReplica(
      proxyTable({
        endpoints: [{ pod: 'a' }],
        persistence: {
          carrier: { type: 'ApplicationCookie', name: 'sid' },
          newSessionOn: [{ path: { type: 'Exact', value: '/' } }],
        },
      }),
    );
    const { cookie } = finish(holdOf(replica.send()), login);
    replica.swap(
      proxyTable({
        endpoints: [{ pod: 'a', state: 'Draining' }, { pod: 'b' }],
        persistence: {
          carrier: { type: 'ApplicationCookie', name: 'sid' },
          newSessionOn: [{ path: { type: 'Exact', value: '/' } }],
        },
      }),
    );
    expect(finish(holdOf(replica.send([cookie])))).toMatchObject({ pod: 'b', isNew: true, lines: '' });
    expect(replica.counters().ended.Replaced).toBe(0);
    expect(finish(holdOf(replica.send([cookie])), login).lines).toContain('Set-Cookie: sid=1~h1.');
    expect(replica.counters().ended.Replaced).toBe(1);
  });
});

describe('a session that the app owns, at a replica that started after it,', () => {
  const limits = { idleTimeoutMs: 30 * 60_000, confirmTimeoutMs: 60_000 };
  const started = table({ limits });
  const onePod = (pod: string) => table({ limits, endpoints: [{ pod }] });

  /** A visitor whose app has set its id, and replicas that get heartbeats and sweep. */
  const visitor = () => {
    const clock = createManualClock();
    const one = createReplica(started, clock);
    const { pod, cookie } = finish(holdOf(one.send()), login);
    const replicas = [one];
    const start = () => {
      const replica = createReplica(started, clock);
      replicas.push(replica);
      return replica;
    };
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10_000) {
        await clock.advance(10_000);
        for (const replica of replicas) {
          replica.router.confirmTable(clock.nowMs());
          replica.sweep();
        }
      }
    };
    /** The pod is removed, and the client returns to the replica. Returns the losses that it has counted. */
    const loseAt = (replica: Replica) => {
      replica.swap(onePod(pod === 'a' ? 'b' : 'a'));
      expect(holdOf(replica.send([cookie])).isNew).toBe(true);
      return Object.entries(replica.counters().lost).filter(([, count]) => count > 0);
    };
    return { clock, one, cookie, start, pass, loseAt };
  };

  test('counts as lost with its pod, although its token has the date of its first response', async () => {
    const { one, cookie, start, pass, loseAt } = visitor();
    await pass(10_000);
    finish(holdOf(one.send([cookie])));
    await pass(60_000);
    expect(loseAt(start())).toEqual([['NotInTable', 1]]);
  });

  test('counts as lost unconfirmed at replicas that know that its client has never returned', async () => {
    const { one, start, pass, loseAt } = visitor();
    const other = start();
    await pass(120_000);
    expect(loseAt(one)).toEqual([['Unconfirmed', 1]]);
    expect(loseAt(other)).toEqual([['Unconfirmed', 1]]);
  });

  test('counts as lost, possibly idle, if its token is older than the idle timeout, until the replica has watched for as long', async () => {
    const { start, pass, loseAt } = visitor();
    await pass(2 * limits.idleTimeoutMs);
    const [soon, late] = [start(), start()];
    await pass(10_000);
    expect(loseAt(soon)).toEqual([['PossiblyIdle', 1]]);
    await pass(limits.idleTimeoutMs);
    expect(loseAt(late)).toEqual([]);
  });

  test('counts as lost, possibly idle, at a replica that has had no connection to the operator meanwhile', async () => {
    const { clock, one, pass, loseAt } = visitor();
    await pass(2 * limits.idleTimeoutMs);
    await clock.advance(11_000);
    expect(loseAt(one)).toEqual([['PossiblyIdle', 1]]);
  });
});
