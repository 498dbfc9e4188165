import { execFile, spawnSync } from 'node:child_process';
import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { bodyOf, createRig, eventually } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const execFileAsync = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
/** Skipped without curl (apt-get install curl). */
const curlTest = hasCurl ? test : test.skip;

const get = (path = '/', ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: shop.test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

/** An app that responds with the request. */
const echoApp = () =>
  rig.httpApp(async (request, response) => {
    const body = await bodyOf(request);
    response.end(`${request.method} ${request.url} ${body.toString()}`);
  });

describe('requests on one connection', () => {
  test('also reuse the connection to the app', async () => {
    const { port, app } = await echoApp();
    let appConnections = 0;
    app.on('connection', () => (appConnections += 1));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (const path of ['/1', '/2', '/3']) {
      client.send(get(path));
      expect((await client.response()).body).toBe(`GET ${path} `);
    }
    expect({ appConnections, ...proxy.server.upstreamCounts() }).toEqual({ appConnections: 1, open: 1, idle: 1 });
    expect(proxy.holds).toMatchObject({ open: 0, acquired: 3, releasedTwice: 0 });
  });

  test('that are pipelined get their responses in order, and reach the app one at a time', async () => {
    let atOnce = 0;
    let most = 0;
    const { port } = await rig.httpApp((request, response) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      // The first would be last if they ran concurrently.
      setTimeout(
        () => {
          atOnce -= 1;
          response.end(request.url);
        },
        request.url === '/1' ? 30 : 1,
      );
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get('/1') + get('/2') + `POST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello${get('/4')}`);
    const answers = [
      await client.response(),
      await client.response(),
      await client.response(),
      await client.response(),
    ];
    expect(answers.map(({ body }) => body)).toEqual(['/1', '/2', '/3', '/4']);
    expect(most).toBe(1);
  });

  test('that are pipelined by the hundred, with chunked and whole bodies, each get one response in order', async () => {
    const { port } = await echoApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    const whole = (at: number) => `POST /${at} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nwhole`;
    const chunked = (at: number) =>
      `POST /${at} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nparts\r\n0\r\n\r\n`;
    const forms = [(at: number) => get(`/${at}`), whole, chunked];
    const bodies = ['', 'whole', 'parts'];
    client.send(Array.from({ length: 100 }, (_, at) => forms[at % 3]?.(at)).join(''));
    for (let at = 0; at < 100; at++) {
      expect((await client.response()).body).toBe(`${at % 3 === 0 ? 'GET' : 'POST'} /${at} ${bodies[at % 3]}`);
    }
    expect(proxy.holds).toMatchObject({ open: 0, acquired: 100, releasedTwice: 0 });
  });

  test('that are pipelined get all responses when the proxy itself responds, however many there are', async () => {
    const proxy = await rig.proxy(1, {
      route: () => ({ kind: 'reply', reply: { status: 404, reason: 'NoRoute', body: 'No route.' } }),
    });
    const client = await proxy.connect();
    client.send(get().repeat(20_000));
    for (let answered = 0; answered < 20_000; answered++) await client.until('No route.\n');
    expect(proxy.server.counters).toMatchObject({ requests: 20_000, replies: { NoRoute: 20_000 }, connectionsOpen: 1 });
  });

  test('end with Connection: close when the client requests it', async () => {
    const { port } = await echoApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get('/', 'Connection: close'));
    expect((await client.response()).head).toMatch(/^Connection: close\r$/m);
    expect(await client.rest()).toEqual({ text: '', how: 'end' });
  });

  test('may arrive byte by byte', async () => {
    const { port } = await echoApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (const byte of 'POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n') {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.response()).body).toBe('POST /slow hello');
  });
});

describe('HTTP/1.0 clients', () => {
  test('get the body without chunks, ended by the end of the connection', async () => {
    const { port } = await rig.httpApp((_, response) => {
      response.write('in ');
      response.end('pieces');
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.0\r\n\r\n');
    const { text } = await client.rest();
    expect(text).toMatch(/\r\nConnection: close\r\n/);
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe('in pieces');
  });

  test('keep their connection when they request it and the length is known', async () => {
    const { port } = await rig.httpApp((_, response) => response.setHeader('Content-Length', 2).end('ok'));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (let turn = 0; turn < 2; turn++) {
      client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      expect(await client.response()).toMatchObject({
        head: expect.stringMatching(/^Connection: keep-alive\r$/m),
        body: 'ok',
      });
    }
  });

  test('are never sent a 100', async () => {
    const { port } = await rig.rawApp((socket) => {
      socket.on('data', () =>
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      );
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect((await client.rest()).text).toMatch(/^HTTP\/1.1 200 OK/);
  });
});

describe('responses without a body', () => {
  test.each([
    [
      'HEAD, whose Content-Length is that of GET',
      'HEAD',
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n',
      /Content-Length: 100/,
    ],
    [
      'HEAD, for which the app speaks of chunks',
      'HEAD',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      /200 OK/,
    ],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', /204 No Content/],
    [
      '304, whose Content-Length is that of the 200',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n',
      /Content-Length: 100/,
    ],
  ])('leave both connections usable: %s', async (_, method, answer, head) => {
    const { port, sockets } = await rig.rawApp((socket) => socket.on('data', () => socket.write(answer)));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (let turn = 0; turn < 2; turn++) {
      client.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect((await client.response('HEAD')).head).toMatch(head);
    }
    expect(sockets).toHaveLength(1);
  });

  test('that have one nevertheless do not affect other requests: the connection to the app is not reused', async () => {
    const { port, sockets } = await rig.rawApp((socket) => {
      socket.on('data', () =>
        socket.write('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
      );
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (let turn = 0; turn < 2; turn++) {
      client.send(get());
      expect((await client.response()).status).toBe(204);
    }
    expect(sockets).toHaveLength(2);
  });
});

describe('chunked bodies', () => {
  test('are forwarded in both directions with their trailers', async () => {
    const { port } = await rig.httpApp(async (request, response) => {
      const body = await bodyOf(request);
      response.setHeader('Trailer', 'X-Sum');
      response.write(body);
      response.addTrailers({ 'X-Sum': String(request.trailers['x-sum']) });
      response.end();
    });
    const proxy = await rig.proxy(port);
    const request = http.request({ port: proxy.port, method: 'POST', headers: { Trailer: 'X-Sum', TE: 'trailers' } });
    const answered = new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
    request.write('one ');
    request.write('two');
    request.addTrailers({ 'X-Sum': '7' });
    request.end();
    const response = await answered;
    expect((await bodyOf(response)).toString()).toBe('one two');
    expect(response.trailers).toEqual({ 'x-sum': '7' });
  });

  test('reach app and client in framing of the proxy, without extensions or leading zeros', async () => {
    let appSaw = '';
    const { port } = await rig.rawApp((socket) => {
      socket.on('data', (chunk) => {
        appSaw += chunk.toString('latin1');
        if (appSaw.endsWith('0\r\n\r\n')) {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005;a=b\r\nhello\r\n000;x\r\n\r\n');
        }
      });
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (const part of [
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n00',
      '5;a="b;c"\r\nhel',
      'lo\r\n0;x\r\n\r\n',
    ]) {
      const before = client.socket.bytesWritten;
      client.send(part);
      await eventually(() => client.socket.bytesWritten >= before + part.length);
    }
    expect((await client.response()).body).toBe('5\r\nhello\r\n0\r\n\r\n');
    expect(appSaw.slice(appSaw.indexOf('\r\n\r\n') + 4)).toBe('5\r\nhello\r\n0\r\n\r\n');
  });

  test('are streamed: the client receives the first chunk before the app sends the second', async () => {
    const { port } = await rig.rawApp((socket) => {
      socket.on('data', (chunk) => {
        socket.write(
          chunk.includes('go on')
            ? '6\r\nsecond\r\n0\r\n\r\n'
            : 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n',
        );
      });
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.until('5\r\nfirst\r\n');
    client.send('5\r\ngo on\r\n0\r\n\r\n');
    expect(await client.until('0\r\n\r\n')).toBe('6\r\nsecond\r\n0\r\n\r\n');
    await eventually(() => proxy.holds.open === 0);
  });
});

describe('Expect: 100-continue', () => {
  test('is forwarded: the client sends the body when the app requests it', async () => {
    const { port, app } = await echoApp();
    let asked = 0;
    app.on('checkContinue', (request: IncomingMessage, response: http.ServerResponse) => {
      asked += 1;
      response.writeContinue();
      void bodyOf(request).then((body) => response.end(body));
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect((await client.response()).status).toBe(100);
    client.send('hello');
    expect(await client.response()).toMatchObject({ status: 200, body: 'hello' });
    expect(asked).toBe(1);
    expect(proxy.holds.responseHeads).toHaveLength(1);
  });

  test('may be rejected: the response is forwarded and the connection closes, because a body may follow', async () => {
    const { port, app } = await echoApp();
    app.on('checkContinue', (_: IncomingMessage, response: http.ServerResponse) => response.writeHead(417).end('no'));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await client.response()).toMatchObject({
      status: 417,
      head: expect.stringMatching(/^Connection: close\r$/m),
    });
    expect(await client.rest()).toEqual({ text: '', how: 'end' });
    expect(proxy.holds).toMatchObject({ open: 0, releasedTwice: 0 });
  });
});

describe('the session side', () => {
  test('receives Set-Cookie values and the end of the session, and adds its lines; Holdfast-Session is not forwarded', async () => {
    const { port } = await rig.httpApp((_, response) => {
      response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2']);
      response.setHeader('Holdfast-Session', 'end');
      response.end('bye');
    });
    const proxy = await rig.proxy(port, { sessionFields: [{ name: 'Set-Cookie', value: 'shop-session=h1.x' }] });
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
    expect(await response.text()).toBe('bye');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2', 'shop-session=h1.x']);
    expect(response.headers.has('holdfast-session')).toBe(false);
    expect(proxy.holds.responseHeads).toEqual([
      { isHttps: false, setCookies: ['a=1; Path=/', 'b=2'], failed: false, endsSession: true },
    ]);
  });

  test('may let a request wait for its route while others overtake it', async () => {
    const { port } = await echoApp();
    let decide: () => void = () => undefined;
    const proxy = await rig.proxy(port, {
      route: (request, forward) =>
        request.path === '/waits'
          ? new Promise((resolve) => {
              decide = () => resolve(forward());
            })
          : forward(),
    });
    const [slow, fast] = [await proxy.connect(), await proxy.connect()];
    slow.send('POST /waits HTTP/1.1\r\nHost: waits.test\r\nX-Long: abcdefghijklmnop\r\nContent-Length: 4\r\n\r\nbody');
    await eventually(() => proxy.routed.length === 1);
    fast.send(get('/passes'));
    expect((await fast.response()).body).toBe('GET /passes ');
    decide();
    expect((await slow.response()).body).toBe('POST /waits body');
    expect(proxy.routed[0]?.header('x-long')).toBe('abcdefghijklmnop');
  });

  test('gets its hold back from a client that left while its route was decided', async () => {
    const { port } = await echoApp();
    let decide: () => void = () => undefined;
    const proxy = await rig.proxy(port, {
      route: (_, forward) =>
        new Promise((resolve) => {
          decide = () => resolve(forward());
        }),
    });
    const client = await proxy.connect();
    client.send(get());
    await eventually(() => proxy.routed.length === 1);
    client.socket.resetAndDestroy();
    await eventually(() => proxy.server.counters.connectionsOpen === 0);
    decide();
    await eventually(() => proxy.holds.acquired === 1 && proxy.holds.open === 0);
    expect(proxy.server.upstreamCounts().open).toBe(0);
  });
});

describe('various clients', () => {
  test("of Node's fetch send concurrent requests with bodies of many sizes", async () => {
    const { port } = await rig.httpApp((request, response) => request.pipe(response));
    const proxy = await rig.proxy(port);
    const sizes = [0, 1, 100, 16_000, 17_000, 65_536, 300_000, 2_000_000];
    const echoed = await Promise.all(
      sizes.map(async (size) => {
        const sent = Buffer.alloc(size, `${size} `);
        const response = await fetch(`http://127.0.0.1:${proxy.port}/`, { method: 'POST', body: sent });
        return Buffer.from(await response.arrayBuffer()).equals(sent);
      }),
    );
    expect(echoed).toEqual(sizes.map(() => true));
    await eventually(() => proxy.holds.open === 0);
    expect(proxy.holds.releasedTwice).toBe(0);
  });

  curlTest('curl, which waits for 100 before a large upload', async () => {
    const { port } = await rig.httpApp(async (request, response) => {
      const body = await bodyOf(request);
      response.end(`${body.length} ${request.headers.expect ?? ''}`);
    });
    const proxy = await rig.proxy(port);
    const upload = [
      '-sS',
      '--max-time',
      '25',
      '--data-binary',
      '@-',
      '-H',
      'Expect: 100-continue',
      `http://127.0.0.1:${proxy.port}/`,
    ];
    const curl = execFileAsync('curl', upload);
    curl.child.stdin?.end(Buffer.alloc(3_000_000));
    expect((await curl).stdout).toBe('3000000 100-continue');
  });

  test('that half-close after their request still get the response', async () => {
    const { port } = await rig.httpApp((_, response) => setTimeout(() => response.end('late'), 20));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    client.socket.end();
    expect((await client.response()).body).toBe('late');
    expect(await client.rest()).toEqual({ text: '', how: 'end' });
  });

  test('may send OPTIONS * and an absolute target', async () => {
    const { port } = await echoApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await client.response()).body).toBe('OPTIONS * ');
    client.send('GET http://shop.test/p?q HTTP/1.1\r\nHost: shop.test\r\n\r\n');
    expect((await client.response()).body).toBe('GET /p?q ');
  });
});
