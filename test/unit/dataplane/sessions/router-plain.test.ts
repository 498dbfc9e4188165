import { describe, expect, test } from '@jest/globals';
import type { BackendRef } from '../../../../src/wire/routing-table.ts';
import { plainTable, proxyTable, requestWith } from '../../../support/proxy-table.ts';
import { createReplica, holdOf, replyOf } from './replica.ts';

const [web, api] = ['shop/web:80', 'shop/api:80'];

const quiet = { setCookies: [], endsSession: false };

describe('a route without sessions', () => {
  test('balances each request by itself, and adds nothing to its response', () => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'a' }, { pod: 'b' }] }));
    const holds = [1, 2, 3, 4].map(() => holdOf(replica.send()));
    expect(holds.map(({ endpoint }) => endpoint.pod).toSorted()).toEqual(['a', 'a', 'b', 'b']);
    expect(holds.map((hold) => hold.responseHead(quiet))).toEqual([[], [], [], []]);
  });

  test('counts a request on its endpoint until it is over', () => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'a' }, { pod: 'b' }] }));
    const first = holdOf(replica.send());
    const second = holdOf(replica.send());
    first.release();
    first.release();
    expect(holdOf(replica.send()).endpoint.pod).toBe(first.endpoint.pod);
    expect(second.endpoint.pod).not.toBe(first.endpoint.pod);
  });

  test('keeps the counts of an endpoint when others come and go', () => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'a' }] }));
    holdOf(replica.send());
    replica.swap(plainTable({ [web]: [{ pod: 'a' }, { pod: 'b' }] }));
    expect(holdOf(replica.send()).endpoint.pod).toBe('b');
  });

  test('removes the tokens of other routes from requests to its app', () => {
    const table = plainTable({ [web]: [{ pod: 'a' }] });
    const withSessions = proxyTable({ endpoints: [{ pod: 'c' }] });
    const cart = withSessions.routes.map((route) => ({ ...route, hostnames: ['cart.example'] }));
    const replica = createReplica({
      ...table,
      routes: [...cart, ...table.routes],
      backends: { ...table.backends, ...withSessions.backends },
    });
    const cookie = `cart-session=h1.${'A'.repeat(43)}.${'B'.repeat(22)}`;
    const hold = holdOf(replica.sendRequest(requestWith([cookie, 'a=1'])));
    expect(hold.filter.cookiesForApp(`${cookie}; a=1`)).toBe('a=1');
  });
});

describe('the backends of a route without sessions', () => {
  const unresolved: BackendRef = { weight: 1 };
  const draws = (...values: number[]) => {
    const left = [...values];
    return () => left.shift() ?? 0;
  };

  test('get requests by weight', () => {
    const refs = [
      { backend: web, weight: 70 },
      { backend: api, weight: 30 },
      { backend: 'shop/none:80', weight: 0 },
    ];
    let state = 7;
    const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const table = plainTable({ [web]: [{ pod: 'w' }], [api]: [{ pod: 'a' }], 'shop/none:80': [{ pod: 'n' }] }, refs);
    const replica = createReplica(table, undefined, random);
    const pods = Array.from({ length: 1000 }, () => holdOf(replica.send()).endpoint.pod);
    expect(pods.filter((pod) => pod === 'w').length / 1000).toBeCloseTo(0.7, 1);
    expect(pods).not.toContain('n');
  });

  test('that do not resolve keep their share, which gets 500', () => {
    const table = plainTable({ [web]: [{ pod: 'w' }] }, [{ backend: web, weight: 1 }, unresolved]);
    const replica = createReplica(table, undefined, draws(0.9, 0.1, 0));
    expect(replyOf(replica.send())).toMatchObject({ status: 500, reason: 'BackendUnresolved' });
    expect(holdOf(replica.send()).endpoint.pod).toBe('w');
  });

  test.each([
    ['there are none', []],
    ['all have weight 0', [{ backend: web, weight: 0 }]],
  ])('are missing with 500 if %s', (_, refs) => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'w' }] }, refs));
    expect(replyOf(replica.send())).toMatchObject({ status: 500, reason: 'NoBackend' });
  });

  test('without a ready endpoint keep their share, which gets 503', () => {
    const table = plainTable({ [web]: [{ pod: 'w', state: 'Pending' }], [api]: [{ pod: 'a' }] });
    const replica = createReplica(table, undefined, draws(0.1, 0.9));
    expect(replyOf(replica.send())).toMatchObject({ status: 503, reason: 'NoEndpointAccepting' });
  });

  test('use draining endpoints only while no other is ready', () => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'old', state: 'Draining' }, { pod: 'new' }] }));
    expect([1, 2, 3].map(() => holdOf(replica.send()).endpoint.pod)).toEqual(['new', 'new', 'new']);
    replica.swap(plainTable({ [web]: [{ pod: 'old', state: 'Draining' }] }));
    expect(holdOf(replica.send()).endpoint.pod).toBe('old');
  });
});

describe('an endpoint that cannot be reached', () => {
  test('is replaced by another one', () => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'a' }, { pod: 'b' }] }));
    const hold = holdOf(replica.send());
    const next = hold.connectFailed('Refused');
    expect(next).toMatchObject({ kind: 'forward' });
    expect(next.kind === 'forward' && next.hold.endpoint.pod).not.toBe(hold.endpoint.pod);
  });

  test('is tried again for a second if it is the only one', () => {
    const replica = createReplica(plainTable({ [web]: [{ pod: 'a' }] }));
    const hold = holdOf(replica.send());
    expect([1, 2, 3].map(() => hold.connectFailed('Refused').kind)).toEqual(['retry', 'retry', 'retry']);
    expect(hold.connectFailed('Refused')).toMatchObject({
      kind: 'reply',
      reply: { status: 503, reason: 'UpstreamConnectFailed' },
    });
  });
});
