/** Calls of stock gRPC clients to stock gRPC servers through the proxy: all four kinds, and how they end. */
import type { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { eventually } from '../../../support/eventually.ts';
import { plainTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { connectCustomer, nextMessage, startShop, type Customer, type Shop } from './shop.ts';

const world = createWorld();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await world.stop();
});

async function start(): Promise<{ shop: Shop; customer: Customer }> {
  const shop = await startShop('a');
  const table = plainTable({ 'shop/cart:80': [{ pod: 'a', port: shop.port }] });
  const routes = table.routes.map((route) => ({ ...route, protocol: 'HTTP2' as const }));
  const { proxy } = await world.proxy({ ...table, routes });
  const customer = connectCustomer(proxy.listeners.boundPort(80) ?? 0);
  cleanups.push(
    () => customer.close(),
    () => shop.stop(),
  );
  return { shop, customer };
}

/** What is not OK is an error event, too. */
const statusOf = (call: EventEmitter): Promise<number> =>
  new Promise((resolve) => {
    call.on('error', () => undefined);
    call.once('status', ({ code }: StatusObject) => resolve(code));
  });

describe('a call', () => {
  test('without streams has metadata in both directions, and trailers', async () => {
    const { shop, customer } = await start();
    const metadata = new Metadata();
    metadata.set('x-tenant', 'shop');
    metadata.set('x-token-bin', Buffer.from([0, 200, 255]));
    const outcome = await customer.call('Echo', 'hello', { metadata });
    expect(outcome).toMatchObject({ code: status.OK, message: 'hello' });
    expect(shop.metadata().get('x-tenant')).toEqual(['shop']);
    expect(shop.metadata().get('x-token-bin')).toEqual([Buffer.from([0, 200, 255])]);
    expect(outcome.initial.get('x-initial')).toEqual(['first']);
    expect(outcome.trailing.get('x-trailing-bin')).toEqual([Buffer.from([0, 255])]);
  });

  test('with a stream of requests', async () => {
    const { customer } = await start();
    const answer = await new Promise<string>((resolve) => {
      const call = customer.methods.Collect((error, response) => resolve(error?.message ?? String(response)));
      for (const part of ['a', 'b', 'c']) call.write(Buffer.from(part));
      call.end();
    });
    expect(answer).toBe('abc');
  });

  test('with a stream of responses', async () => {
    const { customer } = await start();
    const call = customer.methods.Repeat(Buffer.from('3'));
    const received: string[] = [];
    call.on('data', (message: Buffer) => received.push(message.toString()));
    expect(await statusOf(call)).toBe(status.OK);
    expect(received).toEqual(['a 3', 'a 2', 'a 1']);
  });

  test('with streams in both directions, each message answered before the next is sent', async () => {
    const { customer } = await start();
    const call = customer.methods.Chat(new Metadata());
    const over = statusOf(call);
    for (const part of ['x', 'y']) {
      const answer = nextMessage(call);
      call.write(Buffer.from(part));
      expect(await answer).toBe(`a: ${part}`);
    }
    call.end();
    expect(await over).toBe(status.OK);
  });

  test('has messages of 8 MiB', async () => {
    const { customer } = await start();
    const large = Buffer.alloc(8 * 1024 * 1024, 'holdfast');
    const { code, message } = await customer.call('Echo', large);
    expect({ code, isSame: Buffer.from(message, 'latin1').equals(large) }).toEqual({ code: status.OK, isSame: true });
  });
});

describe('a call ends', () => {
  test('with the status of the app, which may be all that there is', async () => {
    const { customer } = await start();
    expect(await customer.call('Fail')).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'the cart is empty: 100 %',
    });
  });

  test('at the deadline of the client, which the app has too', async () => {
    const { shop, customer } = await start();
    // Its connection is open before the deadline runs.
    await customer.call('Echo');
    const { code } = await customer.call('Wait', '', { options: { deadline: Date.now() + 1000 } });
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    await eventually(shop.cancelled, (count) => count === 1);
  });

  test('when the client cancels it, and other calls of its connection go on', async () => {
    const { shop, customer } = await start();
    const [cancelled, kept] = [customer.methods.Chat(new Metadata()), customer.methods.Chat(new Metadata())];
    for (const call of [cancelled, kept]) {
      const answer = nextMessage(call);
      call.write(Buffer.from('x'));
      expect(await answer).toBe('a: x');
    }
    const [over, rest] = [statusOf(cancelled), statusOf(kept)];
    cancelled.cancel();
    expect(await over).toBe(status.CANCELLED);
    await eventually(shop.cancelled, (count) => count === 1);
    const answer = nextMessage(kept);
    kept.write(Buffer.from('y'));
    expect(await answer).toBe('a: y');
    kept.end();
    expect(await rest).toBe(status.OK);
  });
});
