import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { defaultProxySettings } from '../../../src/wire/proxy-settings.ts';
import { eventually } from '../../support/eventually.ts';
import { plainTable } from '../../support/proxy-table.ts';
import { createWorld, type StandaloneProxy } from '../../support/standalone-proxy.ts';

const world = createWorld();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await world.stop();
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const tracestate = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE';

async function http1(proxy: StandaloneProxy): Promise<void> {
  const lines = [
    'GET / HTTP/1.1',
    'Host: shop.test',
    `traceparent: ${traceparent}`,
    `tracestate: ${tracestate}`,
    '',
    '',
  ];
  await proxy.send(lines.join('\r\n'));
}

async function http2Client(proxy: StandaloneProxy): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${proxy.proxy.listeners.boundPort(80) ?? 0}`);
  cleanups.push(() => session.destroy());
  const stream = session.request({ ':authority': 'shop.test', traceparent, tracestate });
  stream.resume();
  await once(stream, 'end');
}

test.each([
  ['HTTP/1.1', 'HTTP/1.1', http1],
  ['HTTP/2', 'HTTP/1.1', http2Client],
  ['HTTP/1.1', 'HTTP/2', http1],
  ['HTTP/2', 'HTTP/2', http2Client],
])(
  'the trace of a request from %s to %s reaches app and mirror unchanged, and the access log has its id',
  async (_, to, send) => {
    const received: unknown[] = [];
    const app = http2.createServer((request, response) => {
      received.push([request.headers['traceparent'], request.headers['tracestate']]);
      response.end();
    });
    const plain = await world.app();
    const isHttp2 = to === 'HTTP/2';
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    cleanups.push(() => app.close());
    const mirror = await world.app();
    const port = isHttp2 ? (app.address() as AddressInfo).port : plain.port;
    const table = plainTable(
      { 'shop/app:80': [{ pod: 'a', port }], 'shop/copy:80': [{ pod: 'c', port: mirror.port }] },
      [{ backend: 'shop/app:80', weight: 1 }],
    );
    const filters = [{ type: 'RequestMirror', backend: 'shop/copy:80', numerator: 1, denominator: 1 }];
    let text = '';
    const proxy = await world.proxy(
      {
        ...table,
        proxy: { ...defaultProxySettings, accessLog: { numerator: 1, denominator: 1 } },
        routes: table.routes.map((route) => ({ ...route, filters })),
        backends: Object.fromEntries(
          Object.entries(table.backends).map(([key, backend]) => [
            key,
            key === 'shop/app:80' && isHttp2 ? { ...backend, protocol: 'HTTP2' } : backend,
          ]),
        ),
      },
      {
        writeAccessLog(bytes, done) {
          text += bytes.toString();
          setImmediate(done, null, bytes.length);
        },
      },
    );
    await send(proxy);
    const copy = await eventually(() => mirror.received(), Boolean);
    for (const request of isHttp2 ? [copy] : [copy, plain.received()]) {
      expect(request.toLowerCase()).toContain(`\r\ntraceparent: ${traceparent}\r\n`);
      expect(request).toContain(tracestate);
    }
    expect(received).toEqual(isHttp2 ? [[traceparent, tracestate]] : []);
    expect(JSON.parse(await eventually(() => text, Boolean))).toMatchObject({ traceId });
  },
);
