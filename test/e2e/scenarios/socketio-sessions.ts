/**
 * Socket.IO with its defaults: long polling first, then a WebSocket. The clients keep cookies, as browsers do, and say something again and
 * again; the server responds with all that the connection has said, which only its pod knows.
 */
import { expect } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import { inSample, scaleSample, untilLeft } from '../world/sample.ts';
import type { Scenario } from './scenario.ts';

/** Far more than an answer takes while pods of other tests start. */
const idleTimeoutMs = 10_000;
const quietPeriodMs = 1000;
const options = {
  file: 'manifests/samples/socketio.yaml',
  name: 'chat',
  replicas: 3,
  spec: {
    sessionPersistence: { idleTimeout: `${idleTimeoutMs}ms` },
    drain: { quietPeriod: `${quietPeriodMs}ms`, timeout: '120s' },
  },
};

type Answer = { pod: string; said: string[] };

class Talker {
  pod = '';
  readonly disconnects: string[] = [];
  private readonly socket: Socket;
  private readonly expected: string[] = [];

  constructor(host: string, transports: string[]) {
    this.socket = io(`http://${host}`, { withCredentials: true, forceNew: true, reconnection: false, transports });
    this.socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  async say(): Promise<void> {
    this.expected.push(`words ${this.expected.length}`);
    const answer = (await this.socket.timeout(10_000).emitWithAck('say', this.expected.at(-1))) as Answer;
    this.pod ||= answer.pod;
    expect(answer).toEqual({ pod: this.pod, said: this.expected });
  }

  get transport(): string {
    return this.socket.io.engine.transport.name;
  }

  leave(): void {
    this.socket.disconnect();
  }
}

export const socketIoSessions: Scenario = {
  title: 'Socket.IO, 3 → 1: long polling, its upgrade and WebSockets stay on their pod, and no client is disconnected',
  play: () =>
    inSample('e2e-socketio', options, async (sample) => {
      const { host, pods } = sample;
      const talkers = Array.from({ length: 12 }, (_, index) => {
        return new Talker(host, index % 2 === 0 ? ['polling', 'websocket'] : ['polling']);
      });
      for (const talker of talkers) await talker.say();
      expect(new Set(talkers.map(({ pod }) => pod)).size).toBe(3);
      await scaleSample(sample, 1);
      // Longer than the idle timeout: a customer who talks or listens is not idle.
      for (const endMs = Date.now() + 2 * idleTimeoutMs; Date.now() < endMs;) {
        await Promise.all(talkers.map((talker) => talker.say()));
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      expect(talkers.map(({ transport }) => transport)).toEqual(
        talkers.map((_, index) => (index % 2 === 0 ? 'websocket' : 'polling')),
      );
      expect(talkers.flatMap(({ disconnects }) => disconnects)).toEqual([]);
      expect(pods.goneAtMs.size).toBe(0);
      const leftAtMs = Date.now();
      for (const talker of talkers) talker.leave();
      await untilLeft(sample, 1);
      const goneAfterMs = [...pods.goneAtMs.values()].map((goneMs) => goneMs - leftAtMs);
      process.stdout.write(`${JSON.stringify({ run: 'socketio-3-1: pods gone', afterLeavingMs: goneAfterMs })}\n`);
      // Long before the limit of the drain. Other scenarios share the machine.
      expect(Math.max(...goneAfterMs)).toBeLessThanOrEqual(idleTimeoutMs + quietPeriodMs + 15_000);
    }),
};
