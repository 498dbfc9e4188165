/** The load client is the measure of Holdfast, so it is measured first: it sees every kind of loss, and only losses. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createShop } from '../../../examples/shop/shop.ts';
import type { Shop } from '../../../examples/shop/shop.ts';
import { createRandom, exponential } from '../../../tools/demo/customers/random.ts';
import { runLoad, startLoad } from '../../../tools/demo/customers/load.ts';
import type { LoadOptions } from '../../../tools/demo/customers/load.ts';
import { formatSummary, podUses, summarize } from '../../../tools/demo/customers/session-log.ts';
import type { LossKind, SessionType, SessionLog } from '../../../tools/demo/customers/session-log.ts';
import { startNastyProxy } from './nasty-proxy.ts';
import type { Fault, NastyProxy } from './nasty-proxy.ts';

let shop: Shop;
let otherShop: Shop;
let proxy: NastyProxy;

async function listen(one: Shop): Promise<number> {
  one.server.listen(0, '127.0.0.1');
  await once(one.server, 'listening');
  return (one.server.address() as AddressInfo).port;
}

beforeEach(async () => {
  shop = createShop('shop-1');
  otherShop = createShop('shop-2');
  proxy = await startNastyProxy(await listen(shop), await listen(otherShop));
});
afterEach(async () => {
  await proxy.close();
  await Promise.all([shop.close(), otherShop.close()]);
});

const loadOf = (override: Partial<LoadOptions> = {}): LoadOptions => ({
  run: 'self-test',
  seed: 7,
  target: { host: '127.0.0.1', port: proxy.port },
  sessions: 6,
  webSockets: 2,
  meanLifeMs: 100,
  thinkTimeMs: 10,
  arrivalsPerSecond: 1000,
  answerTimeoutMs: 500,
  ...override,
});

/** Resolves when the condition holds, looked at after every turn of the load. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Nothing hangs here: the limit is for a machine that has much else to do. */
const patient = { answerTimeoutMs: 20_000 };

describe('against the shop itself', () => {
  test('no session is lost, and each ends once', async () => {
    const target = { host: '127.0.0.1', port: (shop.server.address() as AddressInfo).port };
    const summary = summarize(
      await runLoad(
        loadOf({ ...patient, target, sessions: 40, webSockets: 15, eventStreams: 10, customersPerPlace: 3 }),
      ),
    );
    expect(summary).toMatchObject({
      started: 120,
      ended: 120,
      lost: 0,
      misplaced: 0,
      refused: 0,
      alive: 0,
      losses: [],
    });
    await until(() => shop.count().eventStreams === 0);
    expect(shop.count()).toEqual({ sessions: 0, webSockets: 0, eventStreams: 0 });
  });

  test('places are filled again until the load is stopped, and then every customer finishes its visit', async () => {
    const load = startLoad(loadOf(patient));
    // All of them may have ended in the moment of one look.
    await until(() => summarize(load.sessionLog).ended >= 20 && summarize(load.sessionLog).alive > 0);
    const { started } = summarize(load.sessionLog);
    const summary = summarize(await load.stop());
    expect(summary).toMatchObject({ lost: 0, alive: 0, ended: summary.started });
    expect(summary.started).toBeLessThanOrEqual(started + 6);
  });

  test('customers who would stay for hours log out when they are sent home', async () => {
    const load = startLoad(loadOf({ ...patient, meanLifeMs: 3_600_000, thinkTimeMs: 600_000 }));
    await until(() => load.sessionLog.sessions.length === 6 && shop.count().webSockets === 2);
    expect(summarize(await load.sendHome())).toMatchObject({ started: 6, ended: 6, lost: 0 });
  });
});

describe('a mistake of the proxy is a lost session', () => {
  test.each<[Fault, string, SessionType, LossKind]>([
    ['Misroute', 'a request goes to another pod', 'Http', 'UnknownSession'],
    ['Reset', 'a connection is reset', 'Http', 'ConnectionBroken'],
    ['BadGateway', 'the proxy answers by itself', 'Http', 'Status'],
    ['Swallow', 'an answer never comes', 'Http', 'Timeout'],
    ['OtherPod', 'another pod answers', 'Http', 'WrongPod'],
    ['OtherSecret', 'another session is answered', 'Http', 'WrongSecret'],
    ['Repeat', 'a request is executed twice', 'Http', 'WrongCart'],
    ['Reset', 'a WebSocket is cut', 'WebSocket', 'WebSocketClosed'],
    ['Swallow', 'a WebSocket falls silent', 'WebSocket', 'Timeout'],
    ['OtherPod', 'a WebSocket is answered by another pod', 'WebSocket', 'WrongPod'],
    ['OtherSecret', 'a WebSocket is answered for another session', 'WebSocket', 'WrongSecret'],
    ['ResetDown', 'a stream of events is cut', 'Sse', 'EventsEnded'],
    ['SwallowDown', 'a stream of events falls silent', 'Sse', 'Timeout'],
    ['OtherPod', 'events come from another pod', 'Sse', 'WrongPod'],
    ['OtherSecret', 'events are those of another session', 'Sse', 'WrongSecret'],
  ])('%s: %s (%s → %s)', async (fault, _, type, kind) => {
    const places = { webSockets: type === 'WebSocket' ? 6 : 0, eventStreams: type === 'Sse' ? 6 : 0 };
    // Nothing is lost before the fault, however busy the machine.
    const patience = kind === 'Timeout' ? { answerTimeoutMs: 5000 } : patient;
    const load = startLoad(loadOf({ ...places, ...patience, meanLifeMs: 60_000, customersPerPlace: 1 }));
    await until(
      () =>
        load.sessionLog.sessions.length === 6 &&
        shop.count().webSockets === places.webSockets &&
        shop.count().eventStreams === places.eventStreams,
    );
    // The shop knows of a stream before its customer does, and one that is cut in between is a connection that broke.
    if (type === 'Sse') {
      await until(() =>
        load.sessionLog.sessions.every(
          ({ lastSeenAtMs, startedAtMs, loginMs }) => lastSeenAtMs > startedAtMs + loginMs,
        ),
      );
    }
    proxy.fault(fault);
    const summary = summarize(await load.finished);
    expect(summary).toMatchObject({ started: 6, ended: 0, lost: 6, lostBy: { [kind]: 6 }, refused: 0 });
    expect(summary.losses[0]).toMatchObject({
      kind,
      pod: 'shop-1',
      atMs: expect.any(Number),
      session: expect.stringMatching(/^\d\.0$/),
    });
  });

  test('an app that says goodbye first has cut its WebSocket sessions', async () => {
    const load = startLoad(loadOf({ ...patient, webSockets: 6, meanLifeMs: 60_000, customersPerPlace: 1 }));
    await until(() => shop.count().webSockets === 6);
    await shop.close();
    expect(summarize(await load.finished)).toMatchObject({ lost: 6, lostBy: { WebSocketClosed: 6 } });
  });
});

describe('customers who may reconnect', () => {
  const lasting = (override: Partial<LoadOptions>) =>
    startLoad(loadOf({ ...patient, meanLifeMs: 60_000, customersPerPlace: 1, reconnectMs: 4000, ...override }));

  test.each<[SessionType, Partial<LoadOptions>]>([
    ['Http', { webSockets: 0 }],
    ['WebSocket', { webSockets: 6 }],
    ['Sse', { webSockets: 0, eventStreams: 6 }],
  ])('find their session again when a connection is cut, and record the cut: %s', async (type, places) => {
    const load = lasting(places);
    await until(
      () =>
        load.sessionLog.sessions.length === 6 &&
        shop.count().webSockets === (places.webSockets ?? 0) &&
        shop.count().eventStreams === (places.eventStreams ?? 0),
    );
    // Nothing gets through until each has noticed; a connection that was idle when it was cut is not missed by any client.
    proxy.fault('Reset');
    proxy.cutAll();
    await until(() => load.sessionLog.sessions.every(({ cuts }) => cuts.length > 0));
    proxy.fault('None');
    expect(summarize(await load.sendHome())).toMatchObject({
      started: 6,
      ended: 6,
      lost: 0,
      cut: { [type]: expect.any(Number) },
    });
  });

  test('have lost their session when another pod answers after the cut', async () => {
    const load = lasting({ webSockets: 6 });
    await until(() => shop.count().webSockets === 6);
    proxy.fault('Misroute');
    proxy.cutAll();
    expect(summarize(await load.finished)).toMatchObject({ lost: 6, lostBy: { UnknownSession: 6 } });
  });
});

test('customers who come back log in with their cookies, and new customers have none', async () => {
  const cookies: (string | undefined)[] = [];
  shop.server.on('request', ({ url, headers }: IncomingMessage) => {
    if (url === '/login') cookies.push(headers.cookie);
  });
  const summary = summarize(await runLoad(loadOf({ ...patient, sessions: 20, customersPerPlace: 4, returning: 0.5 })));
  expect(summary).toMatchObject({ started: 80, lost: 0 });
  const came = cookies.filter((header) => header?.startsWith('shop=')).length;
  expect(came).toBeGreaterThan(15);
  expect(came).toBeLessThan(45);
  expect(shop.count().sessions).toBeGreaterThanOrEqual(came);
});

test('a rejected login is a refusal, not a loss: no session had started', async () => {
  proxy.fault('BadGateway');
  expect(summarize(await runLoad(loadOf()))).toMatchObject({ started: 0, lost: 0, refused: 6 });
});

describe('the random choices of a load', () => {
  const draw = (...seedParts: number[]) => {
    const random = createRandom(...seedParts);
    return Array.from({ length: 1000 }, () => random());
  };

  test('are the same for the same seed, place and customer, and differ for any other', () => {
    expect(draw(7, 1, 2)).toEqual(draw(7, 1, 2));
    const others = [draw(7, 1, 2), draw(8, 1, 2), draw(7, 2, 1), draw(7, 1, 3)].map((numbers) => numbers[0]);
    expect(new Set(others).size).toBe(4);
  });

  test('give visits the mean length', () => {
    const random = createRandom(7);
    const lives = Array.from({ length: 20_000 }, () => exponential(random, 100));
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(0);
    expect(lives.reduce((sum, life) => sum + life, 0) / lives.length).toBeCloseTo(100, -1);
  });
});

describe('the sessionLog of a run', () => {
  const sessionLog: SessionLog = {
    run: 'scale-down',
    seed: 3,
    sessions: [
      {
        id: '0.0',
        type: 'Http',
        pod: 'a',
        startedAtMs: 1000,
        loginMs: 40,
        lastSeenAtMs: 5000,
        endedAtMs: 5100,
        cuts: [],
      },
      {
        id: '0.1',
        type: 'Http',
        pod: 'a',
        startedAtMs: 5200,
        loginMs: 20,
        lastSeenAtMs: 6000,
        endedAtMs: 6001,
        cuts: [],
        loss: { kind: 'WrongPod', what: 'answered by b', atMs: 6000 },
      },
      {
        id: '1.0',
        type: 'WebSocket',
        pod: 'b',
        startedAtMs: 1500,
        loginMs: 30,
        lastSeenAtMs: 7000,
        cuts: [{ what: 'closed with code 1006', atMs: 2000 }],
      },
    ],
    refused: [],
  };

  test.each([
    ['no pod was deleted', new Map<string, number>(), 0],
    ['a session started while the change was still on its way', new Map([['a', 4300]]), 0],
    ['a session began more than five seconds after its pod was deleted', new Map([['a', 100]]), 1],
    ['sessions began before', new Map([['b', 1600]]), 0],
  ])('misplaced: %s', (_, terminatingSince, misplaced) => {
    expect(summarize(sessionLog, terminatingSince).misplaced).toBe(misplaced);
  });

  test.each([
    ['no pod was deleted', [], { median: 0, most: 0 }],
    ['a pod got its last session before it was deleted', [['b', 1600]], { median: 0, most: 0 }],
    [
      'each counts, also a pod without any session',
      [
        ['a', 5000],
        ['b', 1400],
        ['c', 1],
      ],
      { median: 100, most: 200 },
    ],
  ] as [string, [string, number][], object][])('last new session: %s', (_, terminatingSince, expected) => {
    expect(summarize(sessionLog, new Map(terminatingSince)).lastNewSessionMs).toEqual(expected);
  });

  test('is one line of JSON', () => {
    const line = formatSummary(summarize(sessionLog, new Map([['a', 100]])));
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      run: 'scale-down',
      seed: 3,
      started: 3,
      ended: 1,
      lost: 1,
      misplaced: 1,
      refused: 0,
      refusals: [],
      alive: 1,
      cut: { WebSocket: 1 },
      slowestLoginMs: 40,
      lastNewSessionMs: { median: 5100, most: 5100 },
      lostBy: { WrongPod: 1 },
      losses: [{ session: '0.1', pod: 'a', kind: 'WrongPod', what: 'answered by b', atMs: 6000 }],
      misplacedOn: { a: 1 },
    });
  });

  test('lists the sessions of each pod', () => {
    expect(Object.fromEntries(podUses(sessionLog))).toEqual({
      a: {
        started: 2,
        alive: 0,
        lost: 1,
        firstStartAtMs: 1000,
        lastStartAtMs: 5200,
        lastSeenAtMs: 6000,
        lastEndAtMs: 6001,
      },
      b: { started: 1, alive: 1, lost: 0, firstStartAtMs: 1500, lastStartAtMs: 1500, lastSeenAtMs: 7000 },
    });
  });
});
