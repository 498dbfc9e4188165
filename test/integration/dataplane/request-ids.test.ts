import http2 from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RouteFilter } from '../../../src/wire/route-filters.ts';
import { defaultProxySettings, type RequestIdAction } from '../../../src/wire/proxy-settings.ts';
import type { RoutingTable } from '../../../src/wire/routing-table.ts';
import { eventually } from '../../support/eventually.ts';
import { plainTable } from '../../support/proxy-table.ts';
import { createWorld } from '../../support/standalone-proxy.ts';

const world = createWorld();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  await world.stop();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const get = (...lines: string[]) => ['GET / HTTP/1.1', 'Host: shop.test', ...lines, '', ''].join('\r\n');
const idsIn = (request: string) =>
  Array.from(request.matchAll(/^x[-_]request[-_]id: (.*)$/gim), ([, id]) => id?.trim());

const withIds = (table: RoutingTable, requestIds: RequestIdAction, filters: RouteFilter[] = []): RoutingTable => ({
  ...table,
  proxy: { ...defaultProxySettings, requestIds },
  routes: table.routes.map((route) => ({ ...route, filters })),
});

/** What the app and the access log get. */
async function seen(requestIds: RequestIdAction, lines: string[], filters: RouteFilter[] = []) {
  const app = await world.app();
  let text = '';
  const table = withIds(plainTable({ 'shop/app:80': [{ pod: 'a', port: app.port }] }), requestIds, filters);
  const accessLog = { numerator: 1, denominator: 1 };
  const proxy = await world.proxy(
    { ...table, proxy: { ...table.proxy, accessLog } },
    {
      writeAccessLog(bytes, done) {
        text += bytes.toString();
        setImmediate(done, null, bytes.length);
      },
    },
  );
  await proxy.send(get(...lines));
  const line = await eventually(() => text, Boolean);
  return { ids: idsIn(app.received()), logged: (JSON.parse(line) as { requestId?: string }).requestId };
}

describe('the id of a request', () => {
  const long = 'i'.repeat(129);

  test.each<[RequestIdAction, string, string[], { ids: string[]; logged: string | undefined }]>([
    ['Preserve', 'reaches app and log as it is', ['X-Request-ID: theirs'], { ids: ['theirs'], logged: 'theirs' }],
    ['Preserve', 'is not made up', [], { ids: [], logged: undefined }],
    ['Preserve', 'is not in the log if it is long', [`X-Request-ID: ${long}`], { ids: [long], logged: undefined }],
    ['PreserveOrGenerate', 'reaches both as it is', ['X-Request-ID: theirs'], { ids: ['theirs'], logged: 'theirs' }],
    ['Disable', 'reaches neither', ['X-Request-ID: a', 'X_Request_Id: b'], { ids: [], logged: undefined }],
  ])('with %s %s', async (action, _, lines, expected) => {
    expect(await seen(action, lines)).toEqual(expected);
  });

  test.each<[RequestIdAction, string, string[]]>([
    ['PreserveOrGenerate', 'without one', []],
    ['PreserveOrGenerate', 'with one that is not printable', ['X-Request-ID: has a space']],
    ['PreserveOrGenerate', 'with one that is too long', [`X-Request-ID: ${long}`]],
    ['Generate', 'with any', ['X-Request-ID: theirs', 'X_Request_Id: more']],
  ])('is a new UUID with %s for a request %s, the same in the log', async (action, _, lines) => {
    const { ids, logged } = await seen(action, lines);
    expect(ids).toEqual([expect.stringMatching(uuid)]);
    expect(logged).toBe(ids[0]);
  });

  test('is that of a filter of the route, if it sets or removes one', async () => {
    const set = { type: 'RequestHeaderModifier' as const, set: [{ name: 'X-Request-Id', value: 'ours' }] };
    expect((await seen('Generate', ['X-Request-ID: theirs'], [set])).ids).toEqual(['ours']);
    const remove = { type: 'RequestHeaderModifier' as const, remove: ['X-Request-Id'] };
    expect((await seen('Generate', ['X-Request-ID: theirs'], [remove])).ids).toEqual([]);
  });

  test('stands beside what the filters of the route change, and a copy of the request has the same', async () => {
    const app = await world.app();
    const mirror = await world.app();
    const backends = {
      'shop/app:80': [{ pod: 'a', port: app.port }],
      'shop/copy:80': [{ pod: 'c', port: mirror.port }],
    };
    const table = plainTable(backends, [{ backend: 'shop/app:80', weight: 1 }]);
    const filters: RouteFilter[] = [
      { type: 'RequestHeaderModifier', set: [{ name: 'X-Team', value: 'shop' }], remove: ['X-Secret'] },
      { type: 'RequestMirror', backend: 'shop/copy:80', numerator: 1, denominator: 1 },
    ];
    const proxy = await world.proxy(withIds(table, 'Generate', filters));
    await proxy.send(get('X-Secret: a', 'X-Team: b', 'X-Request-ID: theirs'));
    const copy = await eventually(() => mirror.received(), Boolean);
    expect(app.received()).toMatch(/^X-Team: shop\r$/m);
    expect(app.received()).not.toMatch(/x-secret|theirs/i);
    expect(idsIn(copy)).toEqual(idsIn(app.received()));
  });

  test('is generated towards apps that speak HTTP/2', async () => {
    const ids: unknown[] = [];
    const app = http2.createServer((request, response) => {
      ids.push(request.headers['x-request-id']);
      response.end();
    });
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    cleanups.push(() => app.close());
    const { port } = app.address() as AddressInfo;
    const table = withIds(plainTable({ 'shop/app:80': [{ pod: 'a', port }] }), 'Generate');
    const proxy = await world.proxy({
      ...table,
      routes: table.routes.map((route) => ({ ...route, protocol: 'HTTP2' })),
    });
    await proxy.send(get('X-Request-ID: theirs'));
    expect(ids).toEqual([expect.stringMatching(uuid)]);
  });
});
