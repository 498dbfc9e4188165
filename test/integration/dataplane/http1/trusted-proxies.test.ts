/** What the app learns about the client, with real sockets: through a trusted proxy or not, with or without the PROXY protocol. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ProxySettings } from '../../../../src/wire/proxy-settings.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld, type StandaloneProxy } from '../../../support/standalone-proxy.ts';

const world = createWorld();
afterEach(() => world.stop());

const noProxies = ['192.0.2.0/24'];

async function start(proxy: Partial<ProxySettings>) {
  const app = await world.app();
  const table = proxyTable({
    endpoints: [{ pod: 'a', port: app.port }],
    cookie: { secureIfHttps: true },
  });
  return { app, table, proxy: await world.proxy({ ...table, proxy }) };
}

const get = (...lines: string[]) =>
  `GET / HTTP/1.1\r\nHost: shop.example\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const forwarded = (request: string) =>
  request.match(/^(x-forwarded|forwarded|x-real).*$/gim)?.map((line) => line.trim());
const refusals = async ({ metrics }: StandaloneProxy) =>
  (await metrics('holdfast_http_proxy_protocol_refusals_total')).filter((line) => !line.endsWith(' 0'));

describe('the forwarded headers', () => {
  const sent = [
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-Proto: https',
    'X-Forwarded-User: ann',
    'Forwarded: proto=https',
  ];

  test('of a client are replaced', async () => {
    const { app, proxy } = await start({ trustedProxies: noProxies });
    await proxy.send(get(...sent));
    expect(forwarded(app.received())).toEqual([
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: shop.example',
    ]);
  });

  test.each([['127.0.0.0/8'], ['::ffff:127.0.0.1/128']])(
    'of a trusted proxy (%s) pass, with its address',
    async (cidr) => {
      const { app, proxy } = await start({ trustedProxies: [cidr] });
      await proxy.send(get(...sent));
      expect(forwarded(app.received())).toEqual([
        'X-Forwarded-Proto: https',
        'X-Forwarded-User: ann',
        'Forwarded: proto=https',
        'X-Forwarded-For: 203.0.113.9, 127.0.0.1',
        'X-Forwarded-Host: shop.example',
      ]);
    },
  );

  test('are judged by the newest settings, on open connections too', async () => {
    const { app, table, proxy } = await start({ trustedProxies: noProxies });
    const client = await proxy.connect();
    client.send(get(...sent));
    await client.response();
    await proxy.swap({ ...table, proxy: { trustedProxies: ['127.0.0.1/32'] } });
    client.send(get(...sent));
    await client.response();
    expect(forwarded(app.received())).toContain('X-Forwarded-For: 203.0.113.9, 127.0.0.1');
  });
});

describe('the session cookie with secure: Auto', () => {
  const secure = async (proxy: StandaloneProxy, ...lines: string[]) =>
    / Secure;/.test((await proxy.send(get(...lines))).head);

  test('is Secure if a trusted proxy states https, for each request', async () => {
    const { proxy } = await start({});
    expect(await secure(proxy, 'X-Forwarded-Proto: https')).toBe(true);
    expect(await secure(proxy, 'Forwarded: for=203.0.113.9;proto=https')).toBe(true);
    expect(await secure(proxy, 'X-Forwarded-Proto: http')).toBe(false);
    expect(await secure(proxy)).toBe(false);
  });

  test('is not Secure because a client says so', async () => {
    const { proxy } = await start({ trustedProxies: noProxies });
    expect(await secure(proxy, 'X-Forwarded-Proto: https')).toBe(false);
  });
});

describe('the PROXY protocol, if it is required', () => {
  const v1 = 'PROXY TCP4 203.0.113.9 192.0.2.1 49152 80\r\n';
  const v2 = (command: string, family: string, rest: string) =>
    Buffer.from(
      `0d0a0d0a000d0a515549540a${command}${family}${(rest.length / 2).toString(16).padStart(4, '0')}${rest}`,
      'hex',
    ).toString('latin1');
  const ipv6 = v2('21', '21', `20010db8000000000000000000000007${'00'.repeat(15)}01c0000050`);
  const tls = v2('21', '11', 'cb007109c0000201c00000502000050100000000');

  test.each([
    { sentence: 'version 1', header: v1, lines: ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: http'] },
    { sentence: 'version 2', header: ipv6, lines: ['X-Forwarded-For: 2001:db8::7', 'X-Forwarded-Proto: http'] },
    {
      sentence: 'version 2 over TLS',
      header: tls,
      lines: ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'],
    },
    {
      sentence: 'version 1 without an address',
      header: 'PROXY UNKNOWN\r\n',
      lines: ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http'],
    },
    {
      sentence: 'a health check of the load balancer',
      header: v2('20', '00', ''),
      lines: ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http'],
    },
  ])('gives the address of the client to the app: $sentence', async ({ header, lines }) => {
    const { app, proxy } = await start({ proxyProtocol: 'Required' });
    const client = await proxy.connect();
    const bytes = header + get('X-Real-IP: 6.6.6.6') + get();
    // In pieces, with the end of the header and the first request in one.
    for (const piece of [bytes.slice(0, 5), bytes.slice(5, 14), bytes.slice(14)]) client.send(piece);
    expect([(await client.response()).status, (await client.response()).status]).toEqual([200, 200]);
    expect(forwarded(app.received())).toEqual([...lines, 'X-Forwarded-Host: shop.example']);
    expect(await refusals(proxy)).toEqual([]);
  });

  test('may name a client that is a trusted proxy itself, whose headers then pass', async () => {
    const { app, proxy } = await start({
      proxyProtocol: 'Required',
      trustedProxies: ['127.0.0.1/32', '203.0.113.0/24'],
    });
    await proxy.send(v1 + get('X-Forwarded-For: 198.51.100.1'));
    expect(forwarded(app.received())).toContain('X-Forwarded-For: 198.51.100.1, 203.0.113.9');
  });

  const stated = ['X-Forwarded-For: 198.51.100.1', 'X-Forwarded-Proto: https', 'X-Forwarded-User: ann'];

  test.each([
    { sentence: 'version 1', header: 'PROXY UNKNOWN\r\n' },
    { sentence: 'an unspecified family', header: v2('21', '00', '') },
    { sentence: 'a Unix socket', header: v2('21', '31', '00'.repeat(216)) },
    { sentence: 'a datagram', header: v2('21', '12', 'cb007109c0000201c0000050') },
  ])('does not let a client that the load balancer cannot name pass for it: $sentence', async ({ header }) => {
    const { app, proxy } = await start({ proxyProtocol: 'Required' });
    const response = await proxy.send(header + get(...stated));
    expect(forwarded(app.received())).toEqual([
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: shop.example',
    ]);
    expect(response.head).not.toContain('Secure;');
  });

  test('lets the headers of the load balancer itself pass', async () => {
    const { app, proxy } = await start({ proxyProtocol: 'Required' });
    await proxy.send(v2('20', '00', '') + get(...stated));
    expect(forwarded(app.received())).toContain('X-Forwarded-User: ann');
  });

  test.each([
    { sentence: 'a request without a header', bytes: get(), reason: 'Missing' },
    { sentence: 'a malformed header', bytes: `PROXY TCP4 203.0.113.9\r\n${get()}`, reason: 'Malformed' },
    { sentence: 'a header that never ends', bytes: `PROXY UNKNOWN ${'x'.repeat(200)}`, reason: 'TooLong' },
  ])('closes and counts a connection with $sentence', async ({ bytes, reason }) => {
    const { app, proxy } = await start({ proxyProtocol: 'Required' });
    const client = await proxy.connect();
    client.send(bytes);
    expect((await client.rest()).text).toBe('');
    expect(await refusals(proxy)).toEqual([`holdfast_http_proxy_protocol_refusals_total{reason="${reason}"} 1`]);
    expect(app.received()).toBe('');
  });

  test('is not accepted from others than trusted proxies', async () => {
    const { proxy } = await start({ proxyProtocol: 'Required', trustedProxies: noProxies });
    const client = await proxy.connect();
    client.send(v1 + get());
    expect((await client.rest()).text).toBe('');
    expect(await refusals(proxy)).toEqual(['holdfast_http_proxy_protocol_refusals_total{reason="UntrustedPeer"} 1']);
  });

  test('must arrive within the time for a request head', async () => {
    const timeouts = { requestHeadMs: 200 };
    const { proxy } = await start({ proxyProtocol: 'Required', timeouts } as Partial<ProxySettings>);
    const client = await proxy.connect();
    client.send('PROXY TCP4 203.0');
    expect((await client.rest()).text).toBe('');
    expect(await refusals(proxy)).toEqual(['holdfast_http_proxy_protocol_refusals_total{reason="Timeout"} 1']);
  });

  test('that is off is an invalid request', async () => {
    const { proxy } = await start({});
    expect((await proxy.send(v1 + get())).status).toBe(400);
  });
});
