/** The live client against an HTTP server with responses that a real one rarely sends. test/api uses a real one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { User } from '@kubernetes/client-node';
import { KubeConfig } from '@kubernetes/client-node';
import { systemClock } from '../../../src/platform/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import type { LiveClusterOptions } from '../../../src/kube/live/client.ts';
import { createLiveCluster } from '../../../src/kube/live/client.ts';
import type { WatchEvent } from '../../../src/kube/ports.ts';
import { pods } from '../../../src/kube/resources.ts';
import { createMemoryLogger } from '../../support/memory-logger.ts';

type Answer = (request: IncomingMessage & { text: string }, response: ServerResponse) => void;

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A server that sends the responses in turn and repeats the last one, and a client of it. */
async function setUp(
  answers: Answer[],
  options: Partial<LiveClusterOptions> & { user?: Partial<User>; prefix?: string } = {},
) {
  const requests: { line: string; headers: IncomingMessage['headers']; body: string }[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      requests.push({
        line: `${request.method} ${decodeURIComponent(request.url ?? '')}`,
        headers: request.headers,
        body: text,
      });
      answers[Math.min(requests.length, answers.length) - 1]?.(Object.assign(request, { text }), response);
    });
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const kubeConfig = new KubeConfig();
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.prefix ?? ''}`;
  kubeConfig.loadFromClusterAndUser(
    { name: 'c', server: address, skipTLSVerify: true },
    { name: 'u', ...options.user },
  );
  const cluster = createLiveCluster(kubeConfig, {
    fieldManager: 'holdfast',
    tokenAudience: 'holdfast',
    reportingController: 'c',
    reportingInstance: 'i',
    clock: systemClock,
    random: () => 0,
    logger: createMemoryLogger(),
    ...options,
  });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  cleanups.push(async () => {
    await cluster.close();
    await close();
  });
  return { cluster, requests, close, connections: () => connections };
}

const json =
  (status: number, body: unknown): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };

const lines =
  (...texts: string[]): Answer =>
  (_request, response) => {
    response.end(texts.map((text) => `${text}\n`).join(''));
  };

const ref = { namespace: 'a', name: 'b' };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...ref, uid: 'u1', resourceVersion: '7' } };

async function collect(stream: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe('calls', () => {
  test('apply with force, the field manager holdfast and the right media type', async () => {
    const { cluster, requests } = await setUp([json(200, pod)]);
    await cluster.apply(pods, pod, 'status');
    expect(requests).toMatchObject([
      {
        line: 'PATCH /api/v1/namespaces/a/pods/b/status?fieldManager=holdfast&force=true',
        headers: { 'content-type': 'application/apply-patch+yaml' },
      },
    ]);
  });

  test("keep the path of the server's URL, as behind a gateway", async () => {
    const { cluster, requests } = await setUp([json(200, pod)], { prefix: '/k8s/clusters/c-1/' });
    await cluster.get(pods, ref);
    expect(requests[0]?.line).toBe('GET /k8s/clusters/c-1/api/v1/namespaces/a/pods/b');
  });

  test('read a rotated token file again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
    cleanups.push(() => {
      rmSync(folder, { recursive: true });
    });
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first');
    const user = { authProvider: { name: 'tokenFile', config: { tokenFile } } };
    const clock = createManualClock();
    const { cluster, requests, connections } = await setUp([json(200, pod)], { user, clock });
    await cluster.get(pods, ref);
    writeFileSync(tokenFile, 'second');
    await clock.advance(1000);
    // The library reads the file again after a minute; only its clock is changed here.
    const now = Date.now;
    const later = now() + 120_000;
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor() {
        super(later);
      }
    } as DateConstructor;
    cleanups.push(() => {
      globalThis.Date = RealDate;
    });
    await cluster.get(pods, ref);
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    expect(connections()).toBe(1);
  });

  test('watch with bookmarks and a timeout', async () => {
    const { cluster, requests } = await setUp([lines()]);
    await collect(cluster.watch(pods, '7', { labelSelector: 'x=y', signal: new AbortController().signal }));
    expect(requests[0]?.line).toBe(
      'GET /api/v1/pods?labelSelector=x=y&watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300',
    );
  });

  test('treat a conflict of a deletion by UID as success if the object is gone or recreated, and as failure otherwise', async () => {
    const conflict = json(409, { reason: 'Conflict', message: 'the UID does not match' });
    const { cluster, requests } = await setUp([
      conflict,
      json(200, { ...pod, metadata: { ...pod.metadata, uid: 'u2' } }),
      conflict,
      json(404, {}),
      conflict,
      json(200, pod),
    ]);
    await cluster.delete(pods, ref, 'u1');
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ preconditions: { uid: 'u1' } });
    await cluster.delete(pods, ref, 'u1');
    await expect(cluster.delete(pods, ref, 'u1')).rejects.toMatchObject({ code: 'KUBERNETES_CONFLICT' });
  });
});

describe('lists', () => {
  const page = (name: string, more: object = {}) =>
    json(200, { metadata: { resourceVersion: '7', ...more }, items: [{ metadata: { name } }] });

  test('are read page by page, and each item gets its kind', async () => {
    const { cluster, requests } = await setUp([page('one', { continue: 'next' }), page('two')]);
    const { items, resourceVersion } = await cluster.list(pods);
    expect(items).toEqual(['one', 'two'].map((name) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } })));
    expect(resourceVersion).toBe('7');
    expect(requests.map(({ line }) => line)).toEqual([
      'GET /api/v1/pods?limit=500',
      'GET /api/v1/pods?limit=500&continue=next',
    ]);
  });

  test('whose pages expire halfway are read again in one piece', async () => {
    const { cluster, requests } = await setUp([
      page('one', { continue: 'next' }),
      json(410, { reason: 'Expired' }),
      page('all'),
    ]);
    expect((await cluster.list(pods)).items).toMatchObject([{ metadata: { name: 'all' } }]);
    expect(requests[2]?.line).toBe('GET /api/v1/pods');
  });

  test('that are empty may be null', async () => {
    const { cluster } = await setUp([json(200, { metadata: { resourceVersion: '7' }, items: null })]);
    expect(await cluster.list(pods)).toEqual({ items: [], resourceVersion: '7' });
  });
});

describe('invalid responses', () => {
  test.each<{ what: string; answer: Answer }>([
    { what: 'a connection that is closed before the response', answer: (request) => request.socket.destroy() },
    {
      what: 'an incomplete response',
      answer: (request, response) =>
        response.writeHead(200, { 'Content-Length': 1_000 }).write('{', () => request.socket.destroy()),
    },
    { what: 'a response that never arrives', answer: () => {} },
    { what: 'a response that never ends', answer: (_request, response) => response.writeHead(200).write('{') },
    { what: 'a page of a proxy', answer: (_request, response) => response.end('<html>Sign in</html>') },
    { what: 'an object without metadata', answer: json(200, { kind: 'Pod' }) },
  ])('$what is KUBERNETES_UNAVAILABLE within the time limit, with its cause', async ({ answer }) => {
    const { cluster } = await setUp([answer], { timeoutMs: 200 });
    await expect(cluster.get(pods, ref)).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      retryable: true,
      cause: expect.objectContaining({ message: expect.stringMatching(/./) }),
    });
  });

  test('a refused connection is KUBERNETES_UNAVAILABLE', async () => {
    const { cluster, close } = await setUp([]);
    await close();
    await expect(cluster.get(pods, ref)).rejects.toMatchObject({ code: 'KUBERNETES_UNAVAILABLE' });
  });
});

describe('watches', () => {
  const signal = new AbortController().signal;
  const added = JSON.stringify({ type: 'ADDED', object: pod });

  test('deliver events and bookmarks with all fields', async () => {
    const strange = JSON.stringify({ type: 'MODIFIED', object: { ...pod, spec: { new: [1] } } });
    const bookmark = JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } });
    const { cluster } = await setUp([lines(added, strange, bookmark)]);
    expect(await collect(cluster.watch(pods, '1', { signal }))).toEqual([
      { type: 'ADDED', object: pod },
      { type: 'MODIFIED', object: { ...pod, spec: { new: [1] } } },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ]);
  });

  test.each<{ what: string; answer: Answer; code: string }>([
    { what: '410 as the status', answer: json(410, { reason: 'Expired' }), code: 'KUBERNETES_EXPIRED' },
    {
      what: '410 as an event',
      answer: lines(JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })),
      code: 'KUBERNETES_EXPIRED',
    },
    {
      what: 'another error as an event',
      answer: lines(JSON.stringify({ type: 'ERROR', object: { code: 500 } })),
      code: 'KUBERNETES_UNAVAILABLE',
    },
    { what: 'an event that is not JSON', answer: lines('{"type":'), code: 'KUBERNETES_EXPIRED' },
    { what: 'an event of an unknown type', answer: lines('{"type":"RENAMED"}'), code: 'KUBERNETES_EXPIRED' },
    { what: 'an event without an object', answer: lines('{"type":"ADDED"}'), code: 'KUBERNETES_EXPIRED' },
    {
      what: 'an event that is too long',
      answer: lines(`"${'x'.repeat(9 * 1024 * 1024)}"`),
      code: 'KUBERNETES_EXPIRED',
    },
    { what: 'forbidden', answer: json(403, { reason: 'Forbidden' }), code: 'KUBERNETES_FORBIDDEN' },
    {
      what: 'a broken connection',
      answer: (request, response) => response.write(`${added}\n`, () => request.socket.destroy()),
      code: 'KUBERNETES_UNAVAILABLE',
    },
  ])('$what is $code', async ({ answer, code }) => {
    const { cluster } = await setUp([answer]);
    await expect(collect(cluster.watch(pods, '1', { signal }))).rejects.toMatchObject({ code });
  });

  test('stay open during a silence longer than the time limit of a call, and report when they are open', async () => {
    const stopping = new AbortController();
    let opened = 0;
    const { cluster } = await setUp([(_request, response) => response.writeHead(200).flushHeaders()], {
      timeoutMs: 1000,
    });
    const watching = collect(cluster.watch(pods, '1', { signal: stopping.signal, onOpen: () => (opened += 1) }));
    const first = await Promise.race([watching, new Promise((resolve) => setTimeout(resolve, 1500, 'still open'))]);
    expect([first, opened]).toEqual(['still open', 1]);
    stopping.abort();
    expect(await watching).toEqual([]);
  });

  test('are closed when the caller stops reading', async () => {
    let closed = false;
    const { cluster } = await setUp([
      (request, response) => {
        request.socket.on('close', () => (closed = true));
        response.write(`${added}\n`);
      },
    ]);
    for await (const event of cluster.watch(pods, '1', { signal })) {
      expect(event.type).toBe('ADDED');
      break;
    }
    expect(await eventually(() => closed, Boolean)).toBe(true);
  });
});

describe('token reviews', () => {
  const status = { authenticated: true, audiences: ['holdfast'], user: { username: 'me' } };
  test.each([
    { what: 'a token for holdfast', status, identity: { username: 'me' } },
    { what: 'a token that is not authenticated', status: { ...status, authenticated: false }, identity: undefined },
    { what: 'a token for another audience', status: { ...status, audiences: ['other'] }, identity: undefined },
    {
      what: 'a response without audiences',
      status: { ...status, audiences: undefined },
      identity: undefined,
    },
    { what: 'an empty response', status: undefined, identity: undefined },
  ])('$what', async ({ status, identity }) => {
    const { cluster, requests } = await setUp([json(201, { status })]);
    expect(await cluster.review('t')).toEqual(identity);
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ spec: { token: 't', audiences: ['holdfast'] } });
  });

  test('throw if they fail, without the token in the message', async () => {
    const { cluster } = await setUp([json(500, { message: 'no' })]);
    await expect(cluster.review('very-secret')).rejects.toMatchObject({
      code: 'KUBERNETES_UNAVAILABLE',
      message: expect.not.stringContaining('very-secret'),
    });
  });
});
