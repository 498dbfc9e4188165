/** Clients that send the same head again: what is made of it may change between two of them. */
import { afterEach, expect, test } from '@jest/globals';
import type { RouteFilter } from '../../../../src/wire/route-filters.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { bodyOf, createRig } from './rig.ts';

const rig = createRig();
const world = createWorld();
afterEach(async () => {
  await rig.stop();
  await world.stop();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const post = (content: string): string =>
  `POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${content.length}\r\n\r\n${content}`;

/** A client of an app that answers with what it has got. */
async function connect() {
  const { port } = await rig.httpApp(async (request, response) => {
    const body = await bodyOf(request);
    response.end(`${request.method} ${String(request.headers['x-a'])} ${body.toString()}`);
  });
  return (await rig.proxy(port)).connect();
}

test('each request has its own content', async () => {
  const client = await connect();
  const answers: string[] = [];
  for (const number of numbers(6)) {
    client.send(post(`content ${number}`));
    answers.push((await client.response()).body);
  }
  expect(answers).toEqual(numbers(6).map((number) => `POST undefined content ${number}`));
});

test('requests in one read are as many, and others between them are others', async () => {
  const client = await connect();
  const get = (value: string) => `GET / HTTP/1.1\r\nHost: shop.example\r\nX-A: ${value}\r\n\r\n`;
  const values = ['1', '1', '1', '1', '2', '1', '22', '2', '2', '2', '2', '1', '1'];
  client.send(values.map(get).join(''));
  const answers: string[] = [];
  for (const _ of values) answers.push((await client.response()).body);
  expect(answers).toEqual(values.map((value) => `GET ${value} `));
});

test('a head in two parts is whole', async () => {
  const client = await connect();
  const request = post('content');
  const answers: string[] = [];
  for (const at of [0, 0, 0, 0, 30, request.length - 9, 0]) {
    client.send(request.slice(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    client.send(request.slice(at));
    answers.push((await client.response()).body);
  }
  expect(answers).toEqual(numbers(7).map(() => 'POST undefined content'));
});

test('a request that must be sent to the app again is the same', async () => {
  const seen: string[] = [];
  const { port } = await rig.rawApp((socket) =>
    socket.on('data', (bytes) => {
      seen.push(bytes.toString('latin1'));
      // It closes the connection instead of the fifth response.
      if (seen.length === 5) socket.destroy();
      else socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    }),
  );
  const client = await (await rig.proxy(port)).connect();
  for (const _ of numbers(6)) {
    client.send('GET / HTTP/1.1\r\nHost: shop.example\r\nX-A: 1\r\n\r\n');
    expect((await client.response()).status).toBe(204);
  }
  expect(new Set(seen).size).toBe(1);
  expect(seen.length).toBe(7);
});

test('the newest table applies', async () => {
  const app = await world.app();
  const proxySettings = { trustedProxies: ['192.0.2.0/24'] };
  const table = { ...proxyTable({ endpoints: [{ pod: 'a', port: app.port }] }), proxy: proxySettings };
  const [route] = table.routes;
  const withHeader = (value: string) => {
    const filter: RouteFilter = { type: 'RequestHeaderModifier', set: [{ name: 'X-A', value }] };
    return { ...table, routes: [{ ...route, filters: [filter] }] };
  };
  const proxy = await world.proxy(withHeader('1'));
  const client = await proxy.connect();
  const ask = async () => {
    client.send('GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n');
    await client.response();
    return [/^X-A: (.*)\r$/m, /^X-Forwarded-For: (.*)\r$/m].map((line) => line.exec(app.received())?.[1]);
  };
  for (const _ of numbers(4)) expect(await ask()).toEqual(['1', '127.0.0.1']);
  await proxy.swap(withHeader('2'));
  for (const _ of numbers(4)) expect(await ask()).toEqual(['2', '127.0.0.1']);
  await proxy.swap({ ...withHeader('2'), proxy: { trustedProxies: ['127.0.0.1/32'] } });
  for (const _ of numbers(4)) expect(await ask()).toEqual(['2', '203.0.113.9, 127.0.0.1']);
});

test('a token is read by the carrier of the newest table', async () => {
  const app = await world.app();
  const table = (name: string) => proxyTable({ endpoints: [{ pod: 'a', port: app.port }], cookie: { name } });
  const proxy = await world.proxy(table('one'));
  const client = await proxy.connect();
  const ask = async (cookie: string) => {
    client.send(`GET / HTTP/1.1\r\nHost: shop.example\r\nCookie: ${cookie}\r\n\r\n`);
    return /^Set-Cookie: (\w+)=([^;]+)/m.exec((await client.response()).head)?.slice(1) ?? [];
  };
  const [, token] = await ask('none=1');
  await ask(`one=${token}`);
  for (const _ of numbers(4)) expect(await ask(`one=${token}`)).toEqual([]);
  await proxy.swap(table('two'));
  for (const _ of numbers(4)) expect((await ask(`one=${token}`))[0]).toBe('two');
});
