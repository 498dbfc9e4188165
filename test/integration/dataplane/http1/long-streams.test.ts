/** An open session is alive: no timer ends a request, a stream or a tunnel because its app is slow. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createManualClock } from '../../../support/manual-clock.ts';
import type { RawClient } from '../../../support/raw-http.ts';
import { createRig, eventually } from './rig.ts';

const rig = createRig();
const clients: RawClient[] = [];
afterEach(async () => {
  // The wait for a FIN would not end on this clock.
  clients.splice(0).forEach(({ socket }) => socket.resetAndDestroy());
  await rig.stop();
});

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';
const minuteMs = 60_000;

/** An app that sends `answer` and is silent afterwards, while the clock of the proxy advances. */
async function silentApp(request: string, answer: string) {
  const { port, sockets } = await rig.rawApp((socket) => socket.once('data', () => socket.write(answer)));
  const clock = createManualClock();
  // Dead nodes are tested in `dead-endpoints.test.ts`; real sockets do not keep pace with this clock.
  const proxy = await rig.proxy(port, {
    clock,
    pool: { health: { sweepMs: Infinity, awaitedMs: 0, quietMs: 0, probes: 1 } },
  });
  const client = await proxy.connect();
  clients.push(client);
  client.send(request);
  await eventually(() => sockets.length === 1);
  return { clock, proxy, client, appSends: (text: string) => sockets[0]?.write(text) };
}

const upgrade = get.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
const empty = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const events = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n';

describe('the proxy does not end', () => {
  test.each([
    {
      what: 'an event stream that is silent for three hours',
      request: get,
      answer: events,
      later: 'data: 2\n\n',
      minutes: 180,
    },
    {
      what: 'a download with a pause of three hours',
      request: get,
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf',
      later: 'rest',
      minutes: 180,
    },
    {
      what: 'a WebSocket that is idle for three hours',
      request: upgrade,
      answer: 'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      later: 'hello',
      minutes: 180,
    },
    {
      what: 'an event stream that responds to a complete POST and is silent for three hours',
      request: 'POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody',
      answer: events,
      later: 'data: 2\n\n',
      minutes: 180,
    },
    { what: 'a long poll with a response after nine minutes', request: get, answer: '', later: empty, minutes: 9 },
    {
      what: 'a request that the app acknowledged and responds to after nine minutes',
      request: get,
      answer: 'HTTP/1.1 102 Processing\r\n\r\n',
      later: empty,
      minutes: 9,
    },
  ])(
    '$what',
    async ({ request, answer, later, minutes }) => {
      const { clock, client, proxy, appSends } = await silentApp(request, answer);
      await client.until(answer.slice(-4));
      await clock.advance(minutes * minuteMs);
      expect(proxy.holds.open).toBe(1);
      appSends(later);
      expect(await client.until(later)).toContain(later);
    },
    30_000,
  );

  test('an upload whose client pauses for fifty seconds', async () => {
    const { clock, client, appSends } = await silentApp(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf',
      '',
    );
    await clock.advance(50_000);
    client.send('rest');
    appSends('HTTP/1.1 204 No Content\r\n\r\n');
    expect((await client.response()).status).toBe(204);
  });
});

test('the proxy does not end a stream in both directions whose client is silent while it receives data', async () => {
  const { clock, client, proxy, appSends } = await silentApp(
    'POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n',
    events,
  );
  await client.until('data: 1\n\n');
  for (let minute = 0; minute < 5; minute += 1) {
    await clock.advance(50_000);
    appSends('data: 2\n\n');
    await client.until('data: 2\n\n');
  }
  await clock.advance(2 * minuteMs);
  // Without the last chunk.
  expect(await client.rest()).toEqual({ text: '\r\n', how: 'end' });
  expect(proxy.server.counters.limitRefusals.requestBody).toBe(1);
});

test('a request that its app lost gets a 504 after ten minutes, so that its session does not last indefinitely', async () => {
  const { clock, client, proxy } = await silentApp(get, '');
  await clock.advance(11 * minuteMs);
  expect((await client.response()).status).toBe(504);
  expect(proxy.holds.open).toBe(0);
});
