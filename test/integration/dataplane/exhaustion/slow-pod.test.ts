/** A pod that accepts no connection for a while, as in a long garbage collection or without CPU: none of its sessions is lost. */
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { canDropConnections, fillQueue, listenUnresponsive } from '../http1/unresponsive.ts';
import { arrive, ask, lostAmong, startPod } from './customers.ts';

const world = createWorld();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await world.stop();
});

const onLinux = canDropConnections ? test : test.skip;

onLinux(
  'sessions of a pod whose accept queue is full get 503 with Retry-After, and their pod again once it accepts',
  async () => {
    const pods = [await startPod('a'), await startPod('b')];
    const [slow] = pods;
    if (slow === undefined) throw new Error('no pod');
    cleanups.push(() => pods.forEach(({ server }) => server.close()));
    const table = proxyTable({ endpoints: pods.map(({ pod, port }) => ({ pod, port })) });
    const { proxy, metrics } = await world.proxy({
      ...table,
      proxy: { ...table.proxy, timeouts: { ...table.proxy.timeouts, connectMs: 100 } },
    });
    const port = proxy.listeners.boundPort(80) ?? 0;
    const customers = await arrive(12, { port });
    const affected = customers.filter(({ pod }) => pod === 'a');
    expect(affected.length).toBeGreaterThan(0);

    slow.server.close();
    await once(slow.server, 'close');
    const unresponsive = await listenUnresponsive(slow.port);
    cleanups.push(() => unresponsive.stop());
    const empty = await fillQueue(slow.port);
    cleanups.push(empty);

    // All at once, again and again: what a page that reloads does.
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(affected.map(({ cookie }) => ask({ port, cookie })));
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, setCookie: undefined, retryAfter: '2' });
        expect(answer.body).toContain('Your session is kept');
      }
    }
    // New clients do not wait for it: it is ejected.
    expect((await arrive(6, { port })).map(({ pod }) => pod)).toEqual(Array.from({ length: 6 }, () => 'b'));

    await unresponsive.stop();
    empty();
    slow.server.listen(slow.port, '127.0.0.1');
    await once(slow.server, 'listening');
    expect(await lostAmong(customers, { port })).toEqual([]);
    const lost = await metrics('holdfast_sessions_lost_total');
    expect(lost.every((line) => line.endsWith(' 0'))).toBe(true);
  },
  120_000,
);
