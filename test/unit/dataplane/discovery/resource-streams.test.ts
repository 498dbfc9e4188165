import { expect, test } from '@jest/globals';
import { createResourceStreams } from '../../../../src/dataplane/discovery/resource-streams.ts';
import type { Refusal } from '../../../../src/wire/messages.ts';
import type { TableDelta } from '../../../../src/wire/table-delta.ts';

const cart: Refusal = { id: 'endpoints/shop/cart', problem: 'invalid' };
const chat: Refusal = { id: 'backend/shop/chat', problem: 'invalid' };
const endpoints = { endpoints: [], removedEndpoints: [] };

function createWorld() {
  const streams = createResourceStreams();
  streams.open('x');
  let nonce = 0;
  /** Returns the ids that the proxy refuses after the delta. */
  const receive = (delta: TableDelta, ...refused: Refusal[]) => {
    const message = {
      type: 'delta',
      replica: 'x',
      nonce: (nonce += 1),
      revision: '1',
      asOfMs: 0,
      delta,
      refused,
    } as const;
    streams.apply('x', message);
    streams.acknowledge('x', message);
    expect(streams.acknowledged('x')?.nonce).toBe(nonce);
    return streams.acknowledged('x')?.refused.map(({ id }) => id);
  };
  return { streams, receive };
}

test('a proxy acknowledges later deltas with what it has refused before, until it is sent again or removed', () => {
  const { receive } = createWorld();
  expect(receive({}, cart, chat)).toEqual([cart.id, chat.id]);
  expect(receive({ remove: ['route/other'] })).toEqual([cart.id, chat.id]);
  expect(receive({}, cart)).toEqual([chat.id, cart.id]);
  expect(receive({ set: [{ type: 'endpoints', name: 'shop/cart', version: '2', value: endpoints }] })).toEqual([
    chat.id,
  ]);
  expect(receive({ remove: [chat.id] })).toEqual([]);
});

test('a new stream of a replica begins with nothing refused: it sends what differs', () => {
  const { streams, receive } = createWorld();
  receive({}, cart);
  streams.close('x');
  streams.open('x');
  expect(receive({})).toEqual([]);
});
