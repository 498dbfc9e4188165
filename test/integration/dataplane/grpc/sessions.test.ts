/** Sessions of gRPC clients, by cookie metadata as in gRFC A55, and what the proxy itself answers to calls. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Metadata, status } from '@grpc/grpc-js';
import { defaultProxySettings } from '../../../../src/wire/proxy-settings.ts';
import { closedPort } from '../http1/rig.ts';
import { eventually } from '../../../support/eventually.ts';
import { proxyTable, splitTable, type ShortEndpoint, type ShortTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { connectCustomer, cookieOf, nextMessage, startShop, type Shop } from './shop.ts';

const world = createWorld();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await world.stop();
});

async function startShops(...names: string[]): Promise<Shop[]> {
  const shops = await Promise.all(names.map(startShop));
  cleanups.push(...shops.map((shop) => () => shop.stop()));
  return shops;
}

type Table = ReturnType<typeof proxyTable>;

const overHttp2 = (table: Table): object => ({
  ...table,
  routes: table.routes.map((route) => ({ ...route, protocol: 'HTTP2' })),
});

/** `change`: of the whole table. */
const tableOf = (short: ShortTable, change: object = {}): object => ({ ...overHttp2(proxyTable(short)), ...change });

const endpointsOf = (shops: readonly Shop[], draining: readonly string[] = []): ShortEndpoint[] =>
  shops.map(({ name, port }) => ({
    pod: name,
    port,
    state: draining.includes(name) ? ('Draining' as const) : ('Accepting' as const),
  }));

async function startProxy(table: object) {
  const proxy = await world.proxy(table);
  const customer = connectCustomer(proxy.proxy.listeners.boundPort(80) ?? 0);
  cleanups.push(() => customer.close());
  return { proxy, customer };
}

describe('a session', () => {
  test('stays on its pod while the client returns the cookie, and other calls are spread', async () => {
    const shops = await startShops('a', 'b', 'c');
    const { customer } = await startProxy(tableOf({ endpoints: endpointsOf(shops) }));
    const first = await customer.call('Who');
    const metadata = cookieOf(first);
    expect(metadata.get('cookie')).toHaveLength(1);
    const names = new Set<string>();
    for (let count = 0; count < 6; count += 1) names.add((await customer.call('Who', '', { metadata })).message);
    expect([...names]).toEqual([first.message]);
    const others = new Set([first.message, (await customer.call('Who')).message, (await customer.call('Who')).message]);
    expect(others).toEqual(new Set(['a', 'b', 'c']));
  });

  test('stays on its pod while that drains: calls, and a stream that is open', async () => {
    const shops = await startShops('a', 'b');
    const { proxy, customer } = await startProxy(tableOf({ endpoints: endpointsOf(shops) }));
    const first = await customer.call('Who');
    const metadata = cookieOf(first);
    const stream = customer.methods.Chat(metadata);
    const opened = nextMessage(stream);
    stream.write(Buffer.from('1'));
    expect(await opened).toBe(`${first.message}: 1`);
    await proxy.swap(tableOf({ endpoints: endpointsOf(shops, [first.message]) }));
    expect((await customer.call('Who', '', { metadata })).message).toBe(first.message);
    const later = nextMessage(stream);
    stream.write(Buffer.from('2'));
    expect(await later).toBe(`${first.message}: 2`);
    stream.end();
    expect((await customer.call('Who')).message).not.toBe(first.message);
  });

  test('begins with a call that fails, too', async () => {
    const shops = await startShops('a', 'b');
    const { customer } = await startProxy(tableOf({ endpoints: endpointsOf(shops) }));
    const failed = await customer.call('Fail');
    const given = failed.initial.get('set-cookie').concat(failed.trailing.get('set-cookie'));
    expect(given).toHaveLength(1);
  });

  test('keeps its side of a canary at any weights, and new ones follow the weights', async () => {
    const [stable, canary] = (await startShops('stable', 'canary')) as [Shop, Shop];
    const weighed = (ofStable: number, ofCanary: number) =>
      overHttp2(
        splitTable({
          'shop/stable': { endpoints: endpointsOf([stable]), weight: ofStable },
          'shop/canary': { endpoints: endpointsOf([canary]), weight: ofCanary },
        }),
      );
    const { proxy, customer } = await startProxy(weighed(90, 10));
    const began = await Promise.all(Array.from({ length: 200 }, () => customer.call('Who')));
    const sides = began.map((outcome) => ({ side: outcome.message, metadata: cookieOf(outcome) }));
    const ofCanary = sides.filter(({ side }) => side === 'canary').length;
    // Expected: 20. By chance alone, neither happens once in 10⁹ runs.
    expect(ofCanary).toBeGreaterThan(0);
    expect(ofCanary).toBeLessThan(80);
    for (const [ofStable, rest] of [
      [10, 90],
      [0, 100],
      [100, 0],
    ] as const) {
      await proxy.swap(weighed(ofStable, rest));
      const later = await Promise.all(sides.map(({ metadata }) => customer.call('Who', '', { metadata })));
      expect(later.map(({ message }) => message)).toEqual(sides.map(({ side }) => side));
    }
    const fresh = await Promise.all([1, 2, 3, 4].map(() => customer.call('Who')));
    expect(new Set(fresh.map(({ message }) => message))).toEqual(new Set(['stable']));
  });

  test('by a header of Holdfast stays on its pod', async () => {
    const shops = await startShops('a', 'b', 'c');
    const carrier = { type: 'Header', name: 'x-session' } as const;
    const { customer } = await startProxy(tableOf({ endpoints: endpointsOf(shops), persistence: { carrier } }));
    const first = await customer.call('Who');
    const metadata = new Metadata();
    metadata.set('x-session', String(first.initial.get('x-session')[0]));
    const names = await Promise.all([1, 2, 3].map(() => customer.call('Who', '', { metadata })));
    expect(new Set(names.map(({ message }) => message))).toEqual(new Set([first.message]));
  });
});

describe('the proxy itself answers', () => {
  const codeFor = async (table: object) => {
    const { customer } = await startProxy(table);
    const { code, details } = await customer.call('Who');
    return { code, details };
  };

  test.each<[string, ShortEndpoint[]]>([
    ['no pod', []],
    ['only a pod that drains', [{ pod: 'a', state: 'Draining' }]],
    ['only a pod that is not ready', [{ pod: 'a', state: 'Pending' }]],
  ])('UNAVAILABLE, and why, with %s', async (_, endpoints) => {
    expect(await codeFor(tableOf({ endpoints }))).toEqual({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('No pod of shop/cart accepts a new session'),
    });
  });

  test('UNAVAILABLE if no pod accepts the connection', async () => {
    const table = tableOf({ endpoints: [{ pod: 'a', port: await closedPort() }] });
    expect(await codeFor(table)).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('UNAVAILABLE if a backend does not exist', async () => {
    const [route] = proxyTable({}).routes;
    const routes = [{ ...route, protocol: 'HTTP2', backendRefs: [{ weight: 1 }] }];
    expect(await codeFor(tableOf({}, { routes }))).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('UNIMPLEMENTED without a route', async () => {
    expect(await codeFor(tableOf({}, { routes: [] }))).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  test('RESOURCE_EXHAUSTED if the only pod has all the calls that may wait for it', async () => {
    const limits = { ...defaultProxySettings.limits, requestsPerEndpoint: 1 };
    const table = tableOf(
      { endpoints: endpointsOf(await startShops('a')) },
      { proxy: { ...defaultProxySettings, limits } },
    );
    const { proxy, customer } = await startProxy(table);
    void customer.call('Wait');
    await eventually(
      () => proxy.metrics('holdfast_http_requests_open 1'),
      ({ length }) => length === 1,
    );
    expect(await customer.call('Who')).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  test('RESOURCE_EXHAUSTED if each pod has all the sessions that it may have', async () => {
    const shops = await startShops('a');
    const limited = tableOf({ endpoints: endpointsOf(shops), maxSessionsPerEndpoint: 1 });
    const { customer } = await startProxy(limited);
    const metadata = cookieOf(await customer.call('Who'));
    expect(await customer.call('Who', '', { metadata })).toMatchObject({ code: status.OK });
    expect(await customer.call('Who')).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});
