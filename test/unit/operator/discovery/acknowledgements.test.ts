import { expect, test } from '@jest/globals';
import { createAcknowledgements } from '../../../../src/operator/discovery/acknowledgements.ts';
import { splitTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

/** Pod a is in two backends of the table. */
const table = (inCart: ShortEndpoint['state'], inChat = inCart) =>
  splitTable({
    'shop/cart': { weight: 1, endpoints: [{ pod: 'a', ...(inCart && { state: inCart }) }] },
    'shop/chat': { weight: 1, endpoints: [{ pod: 'a', ...(inChat && { state: inChat }) }] },
  });
const accepted = (nonce: number) => ({ nonce, refused: [] });

test('a proxy confirms that a pod drains by acknowledging a table in which it drains', () => {
  const acknowledgements = createAcknowledgements(100);
  const sent = acknowledgements.open('p');
  const first = sent.add(table('Accepting'));
  const second = sent.add(table('Draining'));
  expect(acknowledgements.take('p', undefined)).toBeUndefined();
  expect(acknowledgements.take('p', accepted(first))?.has('uid-a')).toBe(false);
  expect(acknowledgements.take('p', accepted(second))?.has('uid-a')).toBe(true);
  expect(acknowledgements.take('p', accepted(second))?.has('uid-other')).toBe(false);
  expect(acknowledgements.take('q', accepted(second))).toBeUndefined();
});

test('an acknowledgement covers the messages before it', () => {
  const acknowledgements = createAcknowledgements(100);
  const sent = acknowledgements.open('p');
  const nonces = Array.from({ length: 200 }, () => sent.add(table('Draining')));
  expect(acknowledgements.take('p', accepted(nonces.at(-1) ?? 0))?.has('uid-a')).toBe(true);
});

test('a pod of several backends drains only if it drains in each', () => {
  const acknowledgements = createAcknowledgements(100);
  const nonce = acknowledgements.open('p').add(table('Draining', 'Accepting'));
  expect(acknowledgements.take('p', accepted(nonce))?.has('uid-a')).toBe(false);
});

test('endpoints that a proxy has refused confirm nothing, and are sent whole once', () => {
  const acknowledgements = createAcknowledgements(100);
  const sent = acknowledgements.open('p');
  const refused = [{ id: 'endpoints/shop/chat', problem: 'invalid' }];
  const nonce = sent.add(table('Draining'));
  expect(acknowledgements.take('p', { nonce, refused })?.has('uid-a')).toBe(false);
  expect([...sent.takeRefused()]).toEqual(['endpoints/shop/chat']);
  expect([...sent.takeRefused()]).toEqual([]);
});

test('endpoints stay refused until they are sent again, whatever the proxy says of messages that were on their way', () => {
  const acknowledgements = createAcknowledgements(100);
  const sent = acknowledgements.open('p');
  const refused = [{ id: 'endpoints/shop/chat', problem: 'invalid' }];
  const [first, onItsWay] = [sent.add(table('Draining')), sent.add(table('Draining'))];
  const confirms = (acknowledged: Parameters<typeof acknowledgements.take>[1]) =>
    acknowledgements.take('p', acknowledged)?.has('uid-a');
  expect(confirms({ nonce: first, refused })).toBe(false);
  expect(confirms(accepted(onItsWay))).toBe(false);
  expect([...sent.takeRefused()]).toEqual(['endpoints/shop/chat']);
  const again = sent.add(table('Draining'));
  expect(confirms({ nonce: again, refused })).toBe(false);
  expect([...sent.takeRefused()]).toEqual(['endpoints/shop/chat']);
  expect(confirms(accepted(sent.add(table('Draining'))))).toBe(true);
  expect([...sent.takeRefused()]).toEqual([]);
});

test('what an earlier stream, or the operator before its restart, has sent confirms nothing', () => {
  const acknowledgements = createAcknowledgements(100);
  const before = acknowledgements.open('p');
  const old = before.add(table('Draining'));
  acknowledgements.take('p', accepted(old));
  const after = acknowledgements.open('p');
  before.close();
  expect(acknowledgements.take('p', accepted(old))).toBeUndefined();
  const next = after.add(table('Draining'));
  expect(acknowledgements.take('p', accepted(50))).toBeUndefined();
  expect(acknowledgements.take('p', accepted(next))?.has('uid-a')).toBe(true);
});
