/** Sessions whose pod a proxy cannot reach for now, because it does not exist at present or is not in the proxy's table yet. */
import { describe, expect, test } from '@jest/globals';
import type { RequestView } from '../../../../src/dataplane/routing.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { proxyTable, requestWith, type ShortEndpoint } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, login, pods, replyOf, retryAfter, visit } from './replica.ts';

describe('an absent pod, which returns under its name,', () => {
  test('keeps its sessions waiting: 503 with Retry-After, nothing lost, and the same session once it is back', () => {
    const replica = createReplica(pods('a', 'b'), undefined, () => 0);
    const { pod, cookie } = visit(replica);
    const other = pod === 'a' ? 'b' : 'a';
    replica.swap(pods({ pod, state: 'Absent', address: '' }, other));
    expect(replyOf(replica.send([cookie]))).toMatchObject({
      status: 503,
      headers: [retryAfter(2)],
      body: expect.stringContaining('Your session is kept and waits for it'),
    });
    expect(visit(replica).pod).toBe(other);
    replica.swap(pods('a', 'b'));
    expect(visit(replica, [cookie])).toMatchObject({ pod, isNew: false });
    expect(Object.values(replica.counters().lost)).toEqual(Object.values(replica.counters().lost).map(() => 0));
    expect(replica.counters().keptRefused.UpstreamConnectFailed).toBe(1);
  });

  describe('or is not in the table yet', () => {
    const table = (...endpoints: ShortEndpoint[]) =>
      proxyTable({
        endpoints,
        persistence: {
          newSessionOn: [{ method: 'POST', path: { type: 'Exact', value: '/login' } }],
          exclude: [{ path: { type: 'Exact', value: '/healthz' } }],
        },
      });
    const absent = { pod: 'a', state: 'Absent', address: '' } as const;

    /** A client of the pod, at a replica that does not know the pod, or knows that it is absent. */
    const waiting = async (...endpoints: ShortEndpoint[]) => {
      const clock = createManualClock();
      const { cookie } = visit(createReplica(table({ pod: 'a' }), clock));
      const replica = createReplica(table(...endpoints), clock);
      const decide = async (request: RequestView) => {
        const sent = replica.sendRequest(request);
        if (sent instanceof Promise) await clock.advance(3000);
        return sent;
      };
      return { replica, cookie, decide };
    };

    test.each([
      ['absent', [absent, { pod: 'b' }]],
      ['in no table', [{ pod: 'b' }]],
    ])(
      'lets a login of its session (%s) start a new one elsewhere, and then ends the old one',
      async (_, endpoints) => {
        const { replica, cookie, decide } = await waiting(...endpoints);
        expect(finish(holdOf(await decide(login([cookie]))))).toMatchObject({
          pod: 'b',
          isNew: true,
          cookie: expect.stringContaining('h1.'),
        });
        expect(replica.router.notices().ended).toHaveLength(1);
        expect(Object.values(replica.counters().lost).filter((count) => count > 0)).toEqual([]);
      },
    );

    test.each([
      ['absent', [absent, { pod: 'b' }]],
      ['in no table', [{ pod: 'b' }]],
    ])('lets a request that starts no session go elsewhere (%s), and keeps the session', async (_, endpoints) => {
      const { replica, cookie, decide } = await waiting(...endpoints);
      expect(finish(holdOf(await decide(requestWith([cookie], '/healthz'))))).toMatchObject({ pod: 'b', lines: '' });
      expect(replica.router.notices().ended).toEqual([]);
      replica.swap(table({ pod: 'a' }, { pod: 'b' }));
      expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
    });

    test('keeps its session when a login finds no other pod', async () => {
      const { replica, cookie, decide } = await waiting(absent);
      expect(replyOf(await decide(login([cookie])))).toMatchObject({ status: 503, reason: 'NoEndpointAccepting' });
      replica.swap(table({ pod: 'a' }));
      expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
    });

    test('keeps its session when the other pods refuse the connection of a login', async () => {
      const { replica, cookie, decide } = await waiting(absent, { pod: 'b' });
      const hold = holdOf(await decide(login([cookie])));
      for (let retry = 0; retry < 3; retry += 1) expect(hold.connectFailed('Refused').kind).toBe('retry');
      expect(replyOf(hold.connectFailed('Refused'))).toMatchObject({ status: 503, reason: 'UpstreamConnectFailed' });
      replica.swap(table({ pod: 'a' }));
      expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
    });
  });
});
