/** Sessions in a header of the app, over real sockets: two pods that hand out ids as MCP servers up to revision 2025-11-25 do. */
import type { RequestListener } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import type { NamedCarrier } from '../../../../src/wire/routing-table.ts';
import { startOwned, tokenPattern, type Response } from './app-owned-rig.ts';

const carrier: NamedCarrier = { type: 'ApplicationHeader', name: 'Mcp-Session-Id' };
const cart = 'namespace="shop",workload="cart"';
const header = 'mcp-session-id';

/** Hands out an id at POST without one, and responds with its pod and the id that it saw. `/busy` refuses, `/gone` repeats the id in a 404. */
const rpcServer = (pod: string): RequestListener => {
  let ids = 0;
  return (request, response) => {
    const id = request.headers[header];
    if (request.method === 'POST' && id === undefined) response.setHeader('Mcp-Session-Id', `${pod}-${(ids += 1)}`);
    if (request.method === 'GET' && request.url === '/every') response.setHeader('mcp-session-id', String(id));
    if (request.url === '/gone') response.setHeader('mcp-session-id', String(id));
    response.statusCode = statuses[request.url ?? ''] ?? 200;
    response.end(`${pod}: ${String(id)}`);
  };
};

const statuses: Record<string, number> = { '/busy': 405, '/gone': 404 };

const start = () => startOwned(carrier, rpcServer);
const idOf = ({ headers }: Response): string => String(headers[header]);

describe('a session in a header of the app', () => {
  test('begins with the id that the app hands out, and stays on its pod; the app sees its own id only', async () => {
    const owned = await start();
    const initialized = await owned.call('/', {}, 'POST');
    const pod = initialized.body.slice(0, 1);
    const id = idOf(initialized);
    expect(id).toMatch(new RegExp(`^${pod}-1~${tokenPattern}$`));
    for (let calls = 0; calls < 6; calls += 1) {
      const { body, headers } = await owned.call('/', { 'MCP-Session-Id': id }, 'POST');
      expect([body, headers[header]]).toEqual([`${pod}: ${pod}-1`, undefined]);
    }
    expect(owned.sessions()).toEqual(pod === 'a' ? [1, 0] : [0, 1]);
  });

  test('has a token in every response in which the app repeats the id', async () => {
    const owned = await start();
    const id = idOf(await owned.call('/', {}, 'POST'));
    const repeated = idOf(await owned.call('/every', { [header]: id }));
    expect(repeated).toMatch(new RegExp(`^[ab]-1~${tokenPattern}$`));
    expect((await owned.call('/', { [header]: repeated })).body).toMatch(/^([ab]): \1-1$/);
    expect(await owned.metrics()).toContain(`holdfast_sessions_started_total{${cart}} 1`);
  });

  test('keeps its token when the app repeats the id in an error', async () => {
    const owned = await start();
    const id = idOf(await owned.call('/', {}, 'POST'));
    const refused = await owned.call('/gone', { [header]: id });
    expect([refused.status, idOf(refused)]).toEqual([
      404,
      expect.stringMatching(new RegExp(`^[ab]-1~${tokenPattern}$`)),
    ]);
  });

  test('does not begin with an id that the app only repeats in an error, as for a session that has ended', async () => {
    const owned = await start();
    const id = idOf(await owned.call('/', {}, 'POST'));
    await owned.call('/', { [header]: id }, 'DELETE');
    expect(idOf(await owned.call('/gone', { [header]: id }))).toMatch(/^[ab]-1$/);
    expect(owned.sessions()).toEqual([0, 0]);
  });

  test('ends with a DELETE that the app accepts', async () => {
    const owned = await start();
    const id = idOf(await owned.call('/', {}, 'POST'));
    expect((await owned.call('/', { [header]: id }, 'DELETE')).body).toMatch(/^([ab]): \1-1$/);
    expect(owned.sessions()).toEqual([0, 0]);
    expect(await owned.metrics()).toContain(`holdfast_sessions_ended_total{${cart},reason="Application"} 1`);
  });

  test('goes on after a DELETE that the app refuses, and after one of a client without the header', async () => {
    const owned = await start();
    const id = idOf(await owned.call('/', {}, 'POST'));
    expect((await owned.call('/busy', { [header]: id }, 'DELETE')).status).toBe(405);
    expect((await owned.call('/', {}, 'DELETE')).status).toBe(200);
    expect(owned.sessions().toSorted((one, other) => one - other)).toEqual([0, 1]);
  });

  test('of clients without an id is none: they are balanced and not counted', async () => {
    const owned = await start();
    const pods = new Set<string>();
    for (let calls = 0; calls < 40; calls += 1) pods.add((await owned.call('/')).body.slice(0, 1));
    expect(pods.size).toBe(2);
    expect(owned.sessions()).toEqual([0, 0]);
  });

  test.each([
    ['without a token', (id: string) => id.split('~', 1)[0] ?? ''],
    ['with a token that was cut', (id: string) => id.slice(0, -1)],
  ])('that a client names %s is balanced, and the app decides', async (_, change) => {
    const owned = await startOwned(carrier, rpcServer, { policy: 'RoundRobin' });
    const sent = change(idOf(await owned.call('/', {}, 'POST')));
    const bodies = new Set<string>();
    for (let calls = 0; calls < 4; calls += 1) bodies.add((await owned.call('/', { [header]: sent })).body);
    expect(bodies).toEqual(new Set([`a: ${sent}`, `b: ${sent}`]));
  });
});
