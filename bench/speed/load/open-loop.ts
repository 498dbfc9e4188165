/**
 * `open-loop.ts OPTIONS`: requests at a schedule that does not wait for responses. A latency is counted from the scheduled time, so that a
 * proxy that stops for a while is charged for every request that should have been sent meanwhile.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { randomFrom } from '../random.ts';
import { connected } from './connected.ts';
import { runAsClient } from './said.ts';
import { arrivals } from './schedule.ts';

/** `requests`: the bytes of the requests, one for each connection. `bodyBytes`: of each response. */
export type OpenLoopOptions = {
  port: number;
  requests: string[];
  bodyBytes: number;
  rate: number;
  seconds: number;
  seed: number;
};

/** In milliseconds. `lateMs`: how much later than scheduled each request was sent, be it that the generator was late or no connection free. */
export type OpenLoopResult = { latencyMs: number[]; lateMs: number[]; unanswered: number };

type Client = { socket: Socket; request: Buffer; scheduledMs: number; left: number };

const endOfHead = Buffer.from('\r\n\r\n');
const patienceMs = 2_000;

class OpenLoop {
  readonly result: OpenLoopResult = { latencyMs: [], lateMs: [], unanswered: 0 };
  readonly #free: Client[];
  readonly #times: readonly number[];
  readonly #bodyBytes: number;
  #next = 0;
  #beganMs = 0;

  constructor(clients: Client[], times: readonly number[], bodyBytes: number) {
    this.#free = clients;
    this.#times = times;
    this.#bodyBytes = bodyBytes;
    for (const client of clients) client.socket.on('data', (chunk) => this.#read(client, chunk));
  }

  begin(): void {
    this.#beganMs = performance.now();
  }

  /** Sends what is due, as long as connections are free: the rest waits, and its time counts. */
  send(): void {
    const nowMs = performance.now() - this.#beganMs;
    while (this.#free.length > 0) {
      const dueMs = this.#times[this.#next];
      if (dueMs === undefined || dueMs > nowMs) return;
      const client = this.#free.shift();
      if (client === undefined) return;
      this.#next += 1;
      this.result.lateMs.push(nowMs - dueMs);
      client.scheduledMs = dueMs;
      client.socket.write(client.request);
    }
  }

  get over(): boolean {
    return this.result.latencyMs.length === this.#times.length;
  }

  finish(): OpenLoopResult {
    this.result.unanswered = this.#times.length - this.result.latencyMs.length;
    return this.result;
  }

  /** The head is in the first chunk: proxies write it at once. */
  #read(client: Client, chunk: Buffer): void {
    if (client.left === 0) {
      if (chunk.toString('latin1', 0, 12) !== 'HTTP/1.1 200') throw new Error(chunk.toString('latin1'));
      client.left = chunk.indexOf(endOfHead) + endOfHead.length + this.#bodyBytes;
    }
    client.left -= chunk.length;
    if (client.left > 0) return;
    client.left = 0;
    this.result.latencyMs.push(performance.now() - this.#beganMs - client.scheduledMs);
    this.#free.push(client);
    this.send();
  }
}

await runAsClient(async (options) => {
  const { port, requests, bodyBytes, rate, seconds, seed }: OpenLoopOptions = JSON.parse(options);
  const sockets = await Promise.all(requests.map(() => connected(port)));
  const clients = requests.map((request, number): Client | undefined => {
    const socket = sockets[number];
    return socket && { socket, request: Buffer.from(request), scheduledMs: 0, left: 0 };
  });
  const times = arrivals(rate, seconds, randomFrom(seed));
  const loop = new OpenLoop(
    clients.filter((client) => client !== undefined),
    times,
    bodyBytes,
  );
  const ticker = new Worker(new URL('ticker.ts', import.meta.url));
  ticker.on('message', () => loop.send());
  await new Promise((resolve) => ticker.once('message', resolve));
  return async () => {
    loop.begin();
    await sleep(seconds * 1000);
    const end = performance.now() + patienceMs;
    while (!loop.over && performance.now() < end) await sleep(5);
    await ticker.terminate();
    return loop.finish();
  };
});
