/** Half of the clients make unary calls, the others keep one stream open, while pods terminate. */
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { Caller, connectTo, Talker } from '../world/note-takers.ts';
import { inSample, scaleSample, untilLeft } from '../world/sample.ts';
import type { Scenario } from './scenario.ts';

/** Far more than a call takes while pods of other tests start. */
const idleTimeoutMs = 10_000;
const pauseMs = 500;
const options = {
  file: 'manifests/samples/grpc.yaml',
  name: 'notes',
  replicas: 5,
  spec: {
    sessionPersistence: { idleTimeout: `${idleTimeoutMs}ms` },
    drain: { quietPeriod: '1s', timeout: '60s' },
  },
};

/** From the first note on: a session without a stream or calls would end at its idle timeout. */
function keepNoting(taker: Caller | Talker, ended: AbortSignal): Promise<void> {
  const note = async () => {
    for (; !ended.aborted; await setTimeout(pauseMs)) await taker.note();
  };
  const tour = note();
  // Awaited at the end.
  tour.catch(() => undefined);
  return tour;
}

export const grpcSessions: Scenario = {
  title: 'gRPC, 5 → 2: unary calls with the cookie as metadata and streams stay on their pod, and none is lost',
  play: () =>
    inSample('e2e-grpc', options, async (sample) => {
      const { host, pods } = sample;
      const clients = Array.from({ length: 20 }, () => connectTo(host));
      const takers = clients.map((client, index) =>
        index % 2 === 0 ? new Caller(client, `user ${index}`) : new Talker(client, `user ${index}`),
      );
      const noting = new AbortController();
      const tours: Promise<void>[] = [];
      for (const taker of takers) {
        await taker.note();
        tours.push(keepNoting(taker, noting.signal));
      }
      expect(new Set(takers.map(({ pod }) => pod)).size).toBe(5);
      await scaleSample(sample, 2);
      // Sessions with calls or a stream are not idle.
      await setTimeout(2 * idleTimeoutMs);
      noting.abort();
      await Promise.all(tours);
      expect(pods.goneAtMs.size).toBe(0);
      for (const taker of takers) if (taker instanceof Talker) await taker.leave();
      for (const client of clients) client.close();
      await untilLeft(sample, 2);
    }),
};
