/** The limits and timeouts of a proxy's settings: what they refuse, and how the client notices. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConnectFailure, SessionHold } from '../../../../src/dataplane/routing.ts';
import { defaultProxySettings, type ProxySettings } from '../../../../src/wire/proxy-settings.ts';
import { closedPort, createRig, eventually, type Proxy } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';
const unfinishedPost = 'POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\n123';
const eventStream = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n';
const silent = () => rig.rawApp(() => undefined);
const answering = () => rig.httpApp((_, response) => response.end('ok'));

type Changes = { limits?: Partial<ProxySettings['limits']>; timeouts?: Partial<ProxySettings['timeouts']> };

const settingsWith = ({ limits, timeouts }: Changes): ProxySettings => ({
  ...defaultProxySettings,
  trustedProxies: [],
  limits: { ...defaultProxySettings.limits, ...limits },
  timeouts: { ...defaultProxySettings.timeouts, ...timeouts },
});

const configure = (proxy: Proxy, changes: Changes) => proxy.server.configure(settingsWith(changes));

describe('client connections', () => {
  test('beyond the limit get 503 with Retry-After and the name of the setting, and open ones continue', async () => {
    const proxy = await rig.proxy((await answering()).port);
    configure(proxy, { limits: { connections: 2 } });
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    first.send(get);
    expect((await first.response()).status).toBe(200);
    const refused = await proxy.connect();
    expect(await refused.response()).toMatchObject({
      status: 503,
      head: expect.stringMatching(/^Retry-After: 2\r$/m),
      body: expect.stringContaining('limits.connections of HoldfastProxy'),
    });
    expect(await refused.rest()).toEqual({ text: '', how: 'end' });
    second.send(get);
    expect((await second.response()).status).toBe(200);
    expect(proxy.server.counters).toMatchObject({ connectionsOpen: 2, limitRefusals: { connections: 1 } });
    first.socket.destroy();
    await eventually(() => proxy.server.counters.connectionsOpen === 1);
    const third = await proxy.connect();
    third.send(get);
    expect((await third.response()).status).toBe(200);
  });

  test('are fewer than the limit where the files of the process allow fewer', async () => {
    const proxy = await rig.proxy((await answering()).port, { connectionsByFiles: 1 });
    configure(proxy, {});
    expect(proxy.server.maxConnections()).toBe(1);
    await proxy.connect();
    expect((await (await proxy.connect()).response()).status).toBe(503);
  });

  test('from one address have a limit of their own', async () => {
    const proxy = await rig.proxy((await answering()).port);
    configure(proxy, { limits: { connectionsPerAddress: 1 } });
    await proxy.connect();
    const refused = await (await proxy.connect()).response();
    expect(refused.body).toContain('limits.connectionsPerAddress of HoldfastProxy');
    expect(proxy.server.counters.limitRefusals).toMatchObject({ connections: 0, connectionsPerAddress: 1 });
  });

  test('of one client behind a load balancer are counted by the address in the PROXY protocol', async () => {
    const proxy = await rig.proxy((await answering()).port);
    proxy.server.configure({
      ...settingsWith({ limits: { connectionsPerAddress: 1 } }),
      trustedProxies: ['127.0.0.0/8', '::1/128'],
      proxyProtocol: 'Required',
    });
    const from = async (address: string) => {
      const client = await proxy.connect();
      client.send(`PROXY TCP4 ${address} 192.0.2.1 49152 80\r\n${get}`);
      return { client, ...(await client.response()) };
    };
    const first = await from('203.0.113.9');
    expect([first.status, (await from('203.0.113.10')).status]).toEqual([200, 200]);
    const refused = await from('203.0.113.9');
    expect(refused).toMatchObject({ status: 503, body: expect.stringContaining('limits.connectionsPerAddress') });
    expect(proxy.server.counters.limitRefusals).toMatchObject({ connections: 0, connectionsPerAddress: 1 });
    first.client.socket.destroy();
    await eventually(() => proxy.server.counters.connectionsOpen === 1);
    expect((await from('203.0.113.9')).status).toBe(200);
  });
});

describe('unanswered requests of an endpoint', () => {
  test('beyond the limit are reported to the session side, and no connection is opened for them', async () => {
    const { port, sockets } = await silent();
    const failures: ConnectFailure[] = [];
    const proxy = await rig.proxy(port, {
      connectFailed(failure) {
        failures.push(failure);
        return { kind: 'reply', reply: { status: 503, reason: 'TooManyRequests', body: 'Too many.' } };
      },
    });
    configure(proxy, { limits: { requestsPerEndpoint: 2 } });
    const waiting = [await proxy.connect(), await proxy.connect()];
    waiting.forEach((client) => client.send(get));
    await eventually(() => sockets.length === 2);
    const third = await proxy.connect();
    third.send(get);
    expect(await third.response()).toMatchObject({ status: 503, body: 'Too many.\n' });
    expect(failures).toEqual(['LimitReached']);
    expect(sockets).toHaveLength(2);
    expect(proxy.server.counters).toMatchObject({
      limitRefusals: { requestsPerEndpoint: 1 },
      upstreamConnectFailures: 0,
    });
    // A place is free again when its client leaves.
    waiting[0]?.socket.resetAndDestroy();
    await eventually(() => proxy.server.counters.requestsOpen === 1);
    third.send(get);
    await eventually(() => sockets.length === 3);
  });

  test('beyond the limit are counted once per refused request, not per attempt', async () => {
    const { port, sockets } = await silent();
    type Next = ReturnType<SessionHold['connectFailed']>;
    const first: Next[] = [
      { kind: 'retry', afterMs: 1 },
      { kind: 'retry', afterMs: 1 },
      { kind: 'reply', reply: { status: 503, reason: 'TooManyRequests', body: 'Too many.' } },
    ];
    const later: Next = { kind: 'reply', reply: { status: 503, reason: 'EndpointLost', body: 'The pod is gone.' } };
    const proxy = await rig.proxy(port, { connectFailed: () => first.shift() ?? later });
    configure(proxy, { limits: { requestsPerEndpoint: 1 } });
    (await proxy.connect()).send(get);
    await eventually(() => sockets.length === 1);
    const client = await proxy.connect();
    for (const body of ['Too many.\n', 'The pod is gone.\n']) {
      client.send(get);
      expect((await client.response()).body).toBe(body);
      expect(proxy.server.counters.limitRefusals.requestsPerEndpoint).toBe(1);
    }
  });

  test('include an upload only once its body is complete, so that slow clients do not use up the limit', async () => {
    const received: string[] = [];
    const { port, sockets } = await rig.rawApp((socket) => socket.on('data', (bytes) => received.push(String(bytes))));
    const proxy = await rig.proxy(port, {
      connectFailed: () => ({ kind: 'reply', reply: { status: 503, reason: 'TooManyRequests', body: 'Too many.' } }),
    });
    configure(proxy, { limits: { requestsPerEndpoint: 1 } });
    const uploads = [await proxy.connect(), await proxy.connect()];
    for (const [index, upload] of uploads.entries()) {
      upload.send(unfinishedPost);
      await eventually(() => received.length === index + 1);
    }
    uploads[0]?.send('4567890');
    await eventually(() => received.length === 3);
    const third = await proxy.connect();
    third.send(get);
    expect(await third.response()).toMatchObject({ status: 503, body: 'Too many.\n' });
    sockets[0]?.write('HTTP/1.1 204 No Content\r\n\r\n');
    expect((await uploads[0]?.response())?.status).toBe(204);
    third.send(get);
    await eventually(() => received.length === 4);
  });

  test('do not include streams whose response has begun', async () => {
    const { port, sockets } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n')),
    );
    const proxy = await rig.proxy(port);
    configure(proxy, { limits: { requestsPerEndpoint: 1 } });
    for (let stream = 1; stream <= 3; stream += 1) {
      const client = await proxy.connect();
      client.send(get);
      await client.until('part\r\n');
      expect(sockets).toHaveLength(stream);
    }
  });

  test('do not include answered ones: five in a row need one place', async () => {
    const proxy = await rig.proxy((await answering()).port);
    configure(proxy, { limits: { requestsPerEndpoint: 1 } });
    const client = await proxy.connect();
    for (let request = 0; request < 5; request += 1) {
      client.send(get);
      expect((await client.response()).status).toBe(200);
    }
  });

  test('do not include attempts that failed', async () => {
    const port = await closedPort();
    let failures = 0;
    const proxy = await rig.proxy(port, {
      connectFailed(failure) {
        failures += failure === 'Refused' ? 1 : 0;
        return failures < 3
          ? { kind: 'retry', afterMs: 1 }
          : { kind: 'reply', reply: { status: 503, reason: 'UpstreamConnectFailed', body: 'No.' } };
      },
    });
    configure(proxy, { limits: { requestsPerEndpoint: 1 } });
    const client = await proxy.connect();
    client.send(get);
    expect((await client.response()).status).toBe(503);
    expect(failures).toBe(3);
  });
});

describe('timeouts of the settings', () => {
  test('a body without progress: 408, and the request no longer holds its session', async () => {
    const proxy = await rig.proxy((await silent()).port);
    configure(proxy, { timeouts: { requestBodyMs: 50 } });
    const client = await proxy.connect();
    client.send(unfinishedPost);
    expect((await client.response()).status).toBe(408);
    await eventually(() => proxy.holds.open === 0);
    expect(proxy.server.counters).toMatchObject({ limitRefusals: { requestBody: 1 }, refusals: { RequestTimeout: 1 } });
    await eventually(() => proxy.server.upstreamCounts().open === 0);
  });

  test('a body without progress, of a request that the app responds to already: cut, and its session is free', async () => {
    const { port } = await rig.rawApp((socket) => socket.once('data', () => socket.write(eventStream)));
    const proxy = await rig.proxy(port);
    configure(proxy, { timeouts: { requestBodyMs: 50 } });
    const client = await proxy.connect();
    client.send(unfinishedPost);
    expect(await client.rest()).toEqual({ text: expect.stringMatching(/data: 1\n\r\n$/), how: 'end' });
    await eventually(() => proxy.holds.open === 0);
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    expect(proxy.server.counters.limitRefusals.requestBody).toBe(1);
  });

  test('a body that progresses slowly is not cut', async () => {
    const { port } = await rig.httpApp((request, response) => request.resume().on('end', () => response.end('ok')));
    const proxy = await rig.proxy(port);
    configure(proxy, { timeouts: { requestBodyMs: 1500 } });
    const client = await proxy.connect();
    client.send(unfinishedPost);
    for (const byte of '4567890') {
      await new Promise((resolve) => setTimeout(resolve, 500));
      client.send(byte);
    }
    expect((await client.response()).status).toBe(200);
  });

  test('an app that does not begin its response: 504', async () => {
    const proxy = await rig.proxy((await silent()).port);
    configure(proxy, { timeouts: { responseHeadMs: 50 } });
    const client = await proxy.connect();
    client.send(get);
    expect((await client.response()).status).toBe(504);
    expect(proxy.server.counters.limitRefusals.responseHead).toBe(1);
  });

  test('a head that does not arrive: 408', async () => {
    const proxy = await rig.proxy((await silent()).port);
    // Long enough for the first bytes on a busy machine: without any the connection is closed in silence.
    configure(proxy, { timeouts: { requestHeadMs: 2000 } });
    const client = await proxy.connect();
    client.send('GET / HT');
    expect((await client.response()).status).toBe(408);
    expect(proxy.server.counters.limitRefusals.requestHead).toBe(1);
  });

  test('a later head that does not arrive, even with a trickle of bytes: 408, however long the connection may be idle', async () => {
    const proxy = await rig.proxy((await answering()).port);
    configure(proxy, { timeouts: { requestHeadMs: 100, clientIdleMs: 600_000 } });
    const client = await proxy.connect();
    client.send(get);
    expect((await client.response()).status).toBe(200);
    client.send('GET / HTTP/1.1\r\n');
    const trickle = setInterval(() => client.send('X-A: b\r\n'), 20);
    client.socket.once('close', () => clearInterval(trickle));
    expect((await client.response()).status).toBe(408);
    expect(proxy.server.counters.limitRefusals.requestHead).toBe(1);
  });

  test('a head that begins before the end of the idle time and is complete after it is in time', async () => {
    const proxy = await rig.proxy((await answering()).port);
    configure(proxy, { timeouts: { requestHeadMs: 60_000, clientIdleMs: 1000 } });
    const [client, idle] = [await proxy.connect(), await proxy.connect()];
    client.send(get);
    expect((await client.response()).status).toBe(200);
    client.send(get.slice(0, 20));
    idle.send(get);
    expect((await idle.response()).status).toBe(200);
    // Its idle time began after that of the other one.
    await idle.rest();
    client.send(get.slice(20));
    expect((await client.response()).status).toBe(200);
    expect(proxy.server.counters.limitRefusals.requestHead).toBe(0);
  });
});
