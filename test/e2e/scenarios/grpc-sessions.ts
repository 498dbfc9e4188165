/**
 * Clients of grpc-js, which know nothing of Holdfast: half of them make unary calls and return the cookie of the first response as metadata (gRFC A55), the
 * others keep one stream open. All take notes, which only the pod of their session has.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import {
  credentials,
  Metadata,
  type ClientDuplexStream,
  type ServiceError,
  type StatusObject,
  Client,
} from '@grpc/grpc-js';
import { expect } from '@jest/globals';
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

type Notes = { pod: string; notes: string[] };

const toBytes = (message: string): Buffer => Buffer.from(message);
const fromBytes = (bytes: Buffer): Notes => JSON.parse(bytes.toString()) as Notes;

/** Throws where the session is not the one that it was. */
abstract class NoteTaker {
  pod = '';
  protected readonly client: Client;
  private readonly user: string;
  private readonly expected: string[] = [];

  constructor(host: string, user: string) {
    this.client = new Client(`${host}:80`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    this.user = user;
  }

  async note(): Promise<void> {
    const text = `note ${this.expected.length}`;
    this.expected.push(text);
    const answer = await this.send(`${this.user}\n${text}`);
    this.pod ||= answer.pod;
    expect(answer).toEqual({ pod: this.pod, notes: this.expected });
  }

  abstract leave(): Promise<void>;
  protected abstract send(note: string): Promise<Notes>;
}

class Caller extends NoteTaker {
  private readonly metadata = new Metadata();

  async leave(): Promise<void> {
    this.client.close();
  }

  protected send(note: string): Promise<Notes> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Notes) => (answer ? resolve(answer) : reject(error));
      const call = this.client.makeUnaryRequest('/notes.Notes/Note', toBytes, fromBytes, note, this.metadata, done);
      call.on('metadata', (received: Metadata) => this.keep(received));
    });
  }

  private keep(received: Metadata): void {
    for (const line of received.get('set-cookie')) this.metadata.set('cookie', line.toString().split(';')[0] ?? '');
  }
}

class Talker extends NoteTaker {
  private stream: ClientDuplexStream<string, Notes> | undefined;

  async leave(): Promise<void> {
    if (this.stream === undefined) return;
    const status = once(this.stream, 'status');
    this.stream.end();
    const [{ code }] = (await status) as [StatusObject];
    expect(code).toBe(0);
    this.client.close();
  }

  protected async send(note: string): Promise<Notes> {
    this.stream ??= this.client.makeBidiStreamRequest('/notes.Notes/Talk', toBytes, fromBytes, new Metadata());
    const answer = once(this.stream, 'data');
    this.stream.write(note);
    const [notes] = (await answer) as [Notes];
    return notes;
  }
}

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
      const takers = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? new Caller(host, `user ${index}`) : new Talker(host, `user ${index}`),
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
      for (const taker of takers) await taker.leave();
      await untilLeft(sample, 2);
    }),
};
