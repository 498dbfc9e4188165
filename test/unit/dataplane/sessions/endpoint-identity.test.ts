import { describe, expect, test } from '@jest/globals';
import type { ShortEndpoint } from '../../../support/proxy-table.ts';
import { createReplica, pods, replyOf, visit } from './replica.ts';

type Identity = NonNullable<ShortEndpoint['identity']>;

/** StatefulSet cart with pods cart-0 and cart-1. `uid` and `state`: of cart-1, which gets the first session. */
const table = (identity: Identity, uid = 'first', state: ShortEndpoint['state'] = 'Accepting') =>
  pods({ pod: 'cart-0', identity }, { pod: 'cart-1', identity, uid, state });

describe.each<[Identity, Identity]>([
  ['PodUID', 'PodName'],
  ['PodName', 'PodUID'],
])('a change of endpointIdentity from %s to %s', (before, after) => {
  test('keeps the sessions, and their count', () => {
    const replica = createReplica(table(before));
    const first = visit(replica);
    replica.swap(table(after));
    const next = visit(replica, [first.cookie]);
    expect(next).toMatchObject({ pod: first.pod, isNew: false });
    expect(replica.router.sessions.size()).toBe(1);
    expect(replica.counters().lost).toMatchObject({ NotInTable: 0, EndpointRemoved: 0, Unconfirmed: 0 });
  });

  test('reaches a proxy that starts after it as well', () => {
    const first = visit(createReplica(table(before)));
    expect(visit(createReplica(table(after)), [first.cookie])).toMatchObject({ pod: first.pod, isNew: false });
  });

  test('gives clients a token with the new id, once', () => {
    const replica = createReplica(table(before));
    const first = visit(replica);
    replica.swap(table(after));
    const renewed = visit(replica, [first.cookie]);
    expect(renewed.cookie).not.toBe('');
    expect(visit(replica, [renewed.cookie])).toMatchObject({ pod: first.pod, isNew: false, cookie: '' });
  });
});

test('with the new token, a session waits for the next pod of its name', () => {
  const replica = createReplica(table('PodUID'));
  const first = visit(replica);
  expect(first.pod).toBe('cart-1');
  replica.swap(table('PodName'));
  const { cookie } = visit(replica, [first.cookie]);
  replica.swap(table('PodName', 'shop/cart-1', 'Absent'));
  expect(replyOf(replica.send([cookie]))).toMatchObject({ status: 503 });
  replica.swap(table('PodName', 'second'));
  expect(visit(replica, [cookie])).toMatchObject({ pod: 'cart-1', isNew: false });
});

test('with PodUID, the next pod of a name does not get the sessions of the one before', async () => {
  const replica = createReplica(table('PodUID'));
  const { cookie } = visit(replica);
  await replica.clock.advance(10_000);
  replica.swap(table('PodUID', 'second'));
  expect(visit(replica, [cookie])).toMatchObject({ isNew: true });
});

test('after a change of identity and pod at once, the slot of the old pod does not stand for the new one', async () => {
  const replica = createReplica(table('PodUID'));
  const { cookie } = visit(replica);
  await replica.clock.advance(10_000);
  replica.swap(table('PodName', 'second'));
  expect(visit(replica, [cookie])).toMatchObject({ isNew: true });
  expect(replica.counters().lost.NotInTable).toBe(1);
});
