/**
 * `open-loop.ts OPTIONS`: requests at a schedule that does not wait for responses. A latency is counted from the scheduled time, so that a
 * proxy that stops for a while is charged for every request that should have been sent meanwhile.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { randomFrom } from '../random.ts';
import { connected } from './connected.ts';
import { runAsClient } from './said.ts';
import { arrivals } from './schedule.ts';
import type { TickerOptions } from './ticker.ts';

/** `requests`: the bytes of the requests, one for each connection. `bodyBytes`: of each response. */
export type OpenLoopOptions = {
  port: number;
  requests: string[];
  bodyBytes: number;
  rate: number;
  /** Without those in which the generator and what it measures warm up. */
  seconds: number;
  seed: number;
};

/**
 * In milliseconds. `lateMs`: how long each request was due and a connection free before it was sent, which is the fault of the generator and not of
 * what it measures.
 */
export type OpenLoopResult = { latencyMs: number[]; lateMs: number[]; unanswered: number };

type Client = { socket: Socket; read: (chunk: Buffer) => void; request: Buffer; scheduledMs: number; left: number };

const endOfHead = Buffer.from('\r\n\r\n');
const patienceMs = 2_000;
/** Requests that are due until then do not count: code that is not compiled yet would be most of the slowest hundredth. */
const warmUpMs = 1_000;

class OpenLoop {
  readonly result: OpenLoopResult = { latencyMs: [], lateMs: [], unanswered: 0 };
  readonly #free: Client[];
  readonly #times: readonly number[];
  readonly #bodyBytes: number;
  #next = 0;
  #answered = 0;
  #beganMs = 0;
  /** Since then a connection is free. */
  #freeSinceMs = 0;

  constructor(clients: Client[], times: readonly number[], bodyBytes: number) {
    this.#free = clients;
    this.#times = times;
    this.#bodyBytes = bodyBytes;
    for (const client of clients) client.read = (chunk) => this.#read(client, chunk);
  }

  /** Returns the Unix time in milliseconds. */
  begin(): number {
    this.#beganMs = performance.now();
    return performance.timeOrigin + this.#beganMs;
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
      if (dueMs >= warmUpMs) this.result.lateMs.push(nowMs - Math.max(dueMs, this.#freeSinceMs));
      client.scheduledMs = dueMs;
      client.socket.write(client.request);
    }
  }

  get over(): boolean {
    return this.#answered === this.#times.length;
  }

  finish(): OpenLoopResult {
    this.result.unanswered = this.#times.length - this.#answered;
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
    const nowMs = performance.now() - this.#beganMs;
    this.#answered += 1;
    if (client.scheduledMs >= warmUpMs) this.result.latencyMs.push(nowMs - client.scheduledMs);
    if (this.#free.length === 0) this.#freeSinceMs = nowMs;
    this.#free.push(client);
    this.send();
  }
}

/** All connections read into one buffer: one for each read would be the garbage of the generator, and its pauses. */
const buffer = Buffer.allocUnsafe(64 * 1024);

async function openClient(port: number, request: string): Promise<Client> {
  const client: Omit<Client, 'socket'> = { read: () => {}, request: Buffer.from(request), scheduledMs: 0, left: 0 };
  const callback = (length: number) => {
    client.read(buffer.subarray(0, length));
    return true;
  };
  return Object.assign(client, { socket: await connected(port, { buffer, callback }) });
}

/** Where it shares its core with the app, a generator that waits for its turn would be late. Only root may do so. */
function takePrecedence(): void {
  try {
    setPriority(-20);
  } catch {
    // Then its lateness may be larger, which the result shows.
  }
}

await runAsClient(async (options) => {
  const { port, requests, bodyBytes, rate, seconds, seed }: OpenLoopOptions = JSON.parse(options);
  takePrecedence();
  const clients = await Promise.all(requests.map((request) => openClient(port, request)));
  const wholeSeconds = warmUpMs / 1000 + seconds;
  const times = arrivals(rate, wholeSeconds, randomFrom(seed));
  const loop = new OpenLoop(clients, times, bodyBytes);
  const woken = new Int32Array(new SharedArrayBuffer(4));
  const workerData: TickerOptions = { times, woken };
  const ticker = new Worker(new URL('ticker.ts', import.meta.url), { workerData });
  ticker.on('message', () => {
    Atomics.store(woken, 0, 0);
    loop.send();
  });
  await once(ticker, 'online');
  return async () => {
    ticker.postMessage(loop.begin(), []);
    await sleep(wholeSeconds * 1000);
    const end = performance.now() + patienceMs;
    while (!loop.over && performance.now() < end) await sleep(5);
    await ticker.terminate();
    return loop.finish();
  };
});
