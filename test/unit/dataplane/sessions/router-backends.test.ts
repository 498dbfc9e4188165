import { describe, expect, test } from '@jest/globals';
import { backendName, keyOf, proxyTable, splitTable, type ShortTable } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, replyOf, retryAfter, visit } from './replica.ts';

const canary = 'shop/canary';

type Side = Partial<ShortTable> & { weight: number };
const stableSide: Side = { weight: 90, endpoints: [{ pod: 's1' }, { pod: 's2' }] };
const canarySide: Side = { weight: 10, endpoints: [{ pod: 'c1' }], keyRing: { current: 5, keys: [keyOf(5)] } };
const split = (stable: Partial<Side> = {}, other: Partial<Side> = {}) =>
  splitTable({ [backendName]: { ...stableSide, ...stable }, [canary]: { ...canarySide, ...other } });

/** Returns the values one after the other, and then always the last. */
const chance =
  (...values: number[]) =>
  () =>
    values.length > 1 ? (values.shift() ?? 0) : (values[0] ?? 0);

/** With 0.95 the canary is drawn first, with 0 the stable side. */
const toCanary = 0.95;

describe('a route with several backends', () => {
  test('distributes new sessions by weight, and counts each at its backend', () => {
    let state = 7;
    const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const replica = createReplica(split(), undefined, random);
    for (let client = 0; client < 2000; client += 1) visit(replica);
    expect(replica.counters(canary).started / 2000).toBeCloseTo(0.1, 1);
    expect(replica.counters().started + replica.counters(canary).started).toBe(2000);
  });

  test('keeps a session on its backend, with the keys of that backend, when its weight drops to 0', () => {
    const replica = createReplica(split(), undefined, chance(toCanary, 0));
    const { pod, cookie } = visit(replica);
    expect(pod).toBe('c1');
    replica.swap(split({ weight: 100 }, { weight: 0 }));
    for (let request = 0; request < 5; request += 1) {
      expect(visit(replica, [cookie])).toMatchObject({ pod: 'c1', isNew: false });
    }
    expect(visit(replica)).toMatchObject({ isNew: true, pod: expect.stringMatching(/^s/) });
  });

  test('starts a new session for a token of a backend that the route no longer has, and counts it as WrongBackend', () => {
    const replica = createReplica(split(), undefined, chance(toCanary, 0));
    const { cookie } = visit(replica);
    replica.swap({ ...split(), routes: proxyTable({}).routes });
    expect(visit(replica, [cookie])).toMatchObject({ isNew: true });
    expect(replica.router.counters.badTokens.WrongBackend).toBe(1);
  });

  test('sends the share of a backend without an accepting pod to the other backends', () => {
    const replica = createReplica(
      split({}, { endpoints: [{ pod: 'c1', state: 'Draining' }] }),
      undefined,
      chance(toCanary),
    );
    expect(visit(replica).pod).toMatch(/^s/);
  });

  test('never starts a session on a backend of weight 0, even when the others have no pods', () => {
    const replica = createReplica(split({ endpoints: [] }, { weight: 0 }));
    expect(replyOf(replica.send())).toMatchObject({
      status: 503,
      reason: 'NoEndpointAccepting',
      body: expect.stringMatching(/No pod of shop\/cart accepts.*it has no pods/),
    });
    expect(replica.counters(canary).refused.NoEndpointAccepting).toBe(0);
  });

  test('responds with 500 and the reason when all backends have weight 0; existing sessions continue', () => {
    const replica = createReplica(split());
    const { cookie, pod } = visit(replica);
    replica.swap(split({ weight: 0 }, { weight: 0 }));
    expect(replyOf(replica.send())).toMatchObject({
      status: 500,
      reason: 'NoBackend',
      body: expect.stringMatching(/no backend with a weight above 0/),
    });
    expect(visit(replica, [cookie])).toMatchObject({ pod, isNew: false });
  });

  test('restarts a session that lost its pod by the current weights', () => {
    const replica = createReplica(split(), undefined, chance(toCanary, 0));
    const { cookie } = visit(replica);
    replica.swap(split({}, { weight: 0, endpoints: [], removedEndpoints: ['c1'] }));
    expect(visit(replica, [cookie])).toMatchObject({ isNew: true, pod: expect.stringMatching(/^s/) });
    expect(replica.counters(canary).lost.EndpointRemoved).toBe(1);
  });

  test('uses, of two tokens of two backends, the one whose pod exists', () => {
    const table = split();
    const [onStable, onCanary] = [
      visit(createReplica(table, undefined, chance(0))),
      visit(createReplica(table, undefined, chance(toCanary, 0))),
    ];
    const replica = createReplica(split({ removedEndpoints: [onStable.pod], endpoints: [] }));
    expect(visit(replica, [onStable.cookie, onCanary.cookie])).toMatchObject({ pod: 'c1', isNew: false });
  });
});

describe('maxSessionsPerEndpoint', () => {
  const limited = (max: number, ...names: string[]) =>
    proxyTable({ endpoints: names.map((pod) => ({ pod })), maxSessionsPerEndpoint: max });

  test('sends new sessions to pods with room, and responds with 503 and Retry-After when all are full', () => {
    const replica = createReplica(limited(2, 'a', 'b'));
    for (let client = 0; client < 4; client += 1) visit(replica);
    expect([replica.count('a').sessions, replica.count('b').sessions]).toEqual([2, 2]);
    const reply = replyOf(replica.send());
    expect(reply).toMatchObject({ status: 503, reason: 'AllFull', headers: [retryAfter(10)] });
    expect(reply?.body).toContain('has reached maxSessionsPerEndpoint (2)');
    expect(replica.counters().refused).toEqual({
      NoEndpointAccepting: 0,
      AllFull: 1,
      UpstreamConnectFailed: 0,
      ProxyOutOfResources: 0,
      TooManyRequests: 0,
    });
  });

  test('holds during a burst, because requests in flight count', () => {
    const replica = createReplica(limited(3, 'a'));
    const decisions = Array.from({ length: 5 }, () => replica.send());
    expect(decisions.map((decision) => replyOf(decision)?.reason ?? 'forward')).toEqual([
      'forward',
      'forward',
      'forward',
      'AllFull',
      'AllFull',
    ]);
  });

  test('never rejects an existing session, and frees a place when a session ends', () => {
    const replica = createReplica(limited(1, 'a'));
    const { cookie } = visit(replica);
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
    finish(holdOf(replica.send([cookie])), { setCookies: [], endsSession: true });
    expect(visit(replica)).toMatchObject({ pod: 'a', isNew: true });
  });
});

test('RoundRobin continues its order after a new table', () => {
  const table = () => proxyTable({ endpoints: [{ pod: 'a' }, { pod: 'b' }, { pod: 'c' }], policy: 'RoundRobin' });
  const replica = createReplica(table());
  const turns = [visit(replica).pod, visit(replica).pod];
  replica.swap(table());
  turns.push(visit(replica).pod, visit(replica).pod);
  expect(turns.join('')).toBe('abca');
});
