/** The API of the shop's page, which no other page can use. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startPageApi, type PageApi } from '../../page-api.ts';

const shop = 'http://127.96.0.5:10080';
const pods = [{ name: 'cart-1', state: 'Accepting', sessions: 3 } as const];
const sessions = { started: 9, ended: 6, lost: 0, active: 3 };
let wanted: number;
let server: PageApi;

beforeEach(async () => {
  wanted = 5;
  server = await startPageApi({
    read: () => ({ wantedReplicas: wanted, pods, sessions }),
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

/** The events of a stream, as they arrive. */
async function* readEvents(response: Response): AsyncGenerator {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield JSON.parse(text.slice('data: '.length, end));
      text = text.slice(end + 2);
    }
  }
}

describe('the page of the shop', () => {
  beforeEach(() => {
    server.allow(shop);
  });

  test('reads the state, and scales', async () => {
    expect(await ask('GET', '', shop)).toEqual({
      status: 200,
      allows: shop,
      body: { wantedReplicas: 5, pods, sessions },
    });
    expect(await ask('POST', '?replicas=2', shop)).toEqual({
      status: 200,
      allows: shop,
      body: { wantedReplicas: 2, pods, sessions },
    });
    expect(wanted).toBe(2);
  });

  test('receives the state at once, and again when it has changed', async () => {
    const events = readEvents(await fetch(`${server.url}events`, { headers: { origin: shop } }));
    expect((await events.next()).value).toEqual({ wantedReplicas: 5, pods, sessions });
    wanted = 3;
    expect((await events.next()).value).toEqual({ wantedReplicas: 3, pods, sessions });
  });

  test.each(['', '?replicas=0', '?replicas=6', '?replicas=1.5', '?replicas=two'])(
    'is refused %j replicas, with the numbers that are allowed',
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
  ['without an origin', undefined],
])('a page %s can neither read nor scale', async (_, origin) => {
  server.allow(shop);
  for (const [method, query] of [
    ['GET', ''],
    ['GET', 'events'],
    ['POST', '?replicas=1'],
  ] as const) {
    expect(await ask(method, query, origin)).toMatchObject({ status: 403, allows: null });
  }
  expect(wanted).toBe(5);
});

test('no page has access before the shop has an address', async () => {
  expect(await ask('GET', '', shop)).toMatchObject({ status: 403 });
});
