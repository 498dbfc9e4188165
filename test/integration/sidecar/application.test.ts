import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { countApplication } from '../../../sidecar/application.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function ask(listener: RequestListener, path = '/sessions'): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanUps.push(async () => {
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  return countApplication({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path });
}

test.each([
  ['0', 0],
  ['12\n', 12],
  ['{"sessions":3,"users":2}', 3],
  [' {"sessions": 0} ', 0],
])('a response of %j is a number of sessions', async (body, sessions) => {
  expect(await ask((_, response) => response.end(body))).toBe(sessions);
});

test('the request to the app contains path and query', async () => {
  expect(
    await ask(
      (request, response) => response.end(request.url === '/sessions?of=cart' ? '1' : '2'),
      '/sessions?of=cart',
    ),
  ).toBe(1);
});

test.each<[string, RequestListener, RegExp]>([
  [
    'an error, even with a number',
    (_, response) => response.writeHead(503).end('0'),
    /responded with 503 to GET \/sessions/,
  ],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end('0'), /responded with 302/],
  ['nothing', (_, response) => response.end(), /a whole number/],
  ['a page', (_, response) => response.end('<html>0 sessions</html>'), /a whole number.*not "<html>/],
  ['a negative number', (_, response) => response.end('-1'), /a whole number/],
  ['a fraction', (_, response) => response.end('{"sessions":0.5}'), /a whole number/],
  ['a number in another field', (_, response) => response.end('{"count":0}'), /a whole number/],
  ['a text', (_, response) => response.end('{"sessions":"0"}'), /a whole number/],
  ['null', (_, response) => response.end('null'), /a whole number/],
  ['endless zeros', (_, response) => response.write('0'.repeat(4096)), /a whole number/],
  [
    'half a response',
    (_, response) => response.writeHead(200, { 'content-length': '9' }).write('0', () => response.destroy()),
    /aborted/,
  ],
  ['nothing in time', () => undefined, /no response within 1000 ms/],
])('the number of sessions is unknown, not zero, when the app responds with %s', async (_, listener, reason) => {
  await expect(ask(listener)).rejects.toThrow(reason);
});
