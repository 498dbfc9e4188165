/** What the page of the shop may ask of the demo, and nobody else. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startScaleServer, type ScaleServer } from '../../scale-server.ts';

const shop = 'http://127.96.0.5:10080';
const pods = [{ name: 'cart-1', state: 'Accepting', sessions: 3 } as const];
let wanted: number;
let server: ScaleServer;

beforeEach(async () => {
  wanted = 5;
  server = await startScaleServer({
    read: () => ({ wantedReplicas: wanted, pods }),
    scale: async (replicas) => void (wanted = replicas),
  });
});
afterEach(() => server.close());

async function ask(method: string, query: string, origin: string | undefined) {
  const answer = await fetch(server.url + query, { method, headers: origin === undefined ? {} : { origin } });
  return {
    status: answer.status,
    allows: answer.headers.get('access-control-allow-origin'),
    body: await answer.json(),
  };
}

describe('the page of the shop', () => {
  beforeEach(() => {
    server.allow(shop);
  });

  test('sees the pods, and has as many as it asks for', async () => {
    expect(await ask('GET', '', shop)).toEqual({ status: 200, allows: shop, body: { wantedReplicas: 5, pods } });
    expect(await ask('POST', '?replicas=2', shop)).toEqual({
      status: 200,
      allows: shop,
      body: { wantedReplicas: 2, pods },
    });
    expect(wanted).toBe(2);
  });

  test.each(['', '?replicas=0', '?replicas=6', '?replicas=1.5', '?replicas=two'])(
    'that asks for %s is told what it can have',
    async (query) => {
      expect(await ask('POST', query, shop)).toMatchObject({
        status: 400,
        body: { error: 'replicas must be a whole number from 1 to 5' },
      });
      expect(wanted).toBe(5);
    },
  );
});

test.each([
  ['of another site', 'http://evil.example'],
  ['that says nothing of where it is from', undefined],
])('a page %s may neither look nor scale', async (_, origin) => {
  server.allow(shop);
  for (const method of ['GET', 'POST']) {
    expect(await ask(method, '?replicas=1', origin)).toMatchObject({ status: 403, allows: null });
  }
  expect(wanted).toBe(5);
});

test('nobody may before the shop has an address', async () => {
  expect(await ask('GET', '', shop)).toMatchObject({ status: 403 });
});
