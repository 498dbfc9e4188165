/**
 * Clients of examples/grpc on grpc-js, which know nothing of Holdfast. They take notes, which only the pod of their session has: each response shows that the
 * session is where it was, and that nothing of it is lost.
 */
import { once } from 'node:events';
import {
  credentials,
  Metadata,
  type ClientDuplexStream,
  type ServiceError,
  type StatusObject,
  Client,
} from '@grpc/grpc-js';
import { expect } from '@jest/globals';

type Notes = { pod: string; notes: string[] };

const toBytes = (message: string): Buffer => Buffer.from(message);
const fromBytes = (bytes: Buffer): Notes => JSON.parse(bytes.toString()) as Notes;

/** A connection of its own. */
export const connectTo = (host: string, port = 80): Client =>
  new Client(`${host}:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });

/** Throws where the session is not the one that it was. */
abstract class NoteTaker {
  pod = '';
  protected readonly client: Client;
  private readonly user: string;
  private readonly expected: string[] = [];

  constructor(client: Client, user: string) {
    this.client = client;
    this.user = user;
  }

  async note(): Promise<void> {
    const text = `note ${this.expected.length}`;
    this.expected.push(text);
    const answer = await this.send(`${this.user}\n${text}`);
    this.pod ||= answer.pod;
    expect(answer).toEqual({ pod: this.pod, notes: this.expected });
  }

  protected abstract send(note: string): Promise<Notes>;
}

/** Makes unary calls, and returns the cookie of the first response as metadata (gRFC A55). */
export class Caller extends NoteTaker {
  /** Of the last response. */
  received = new Metadata();
  readonly cookies = new Metadata();

  protected send(note: string): Promise<Notes> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Notes) => (answer ? resolve(answer) : reject(error));
      const call = this.client.makeUnaryRequest('/notes.Notes/Note', toBytes, fromBytes, note, this.cookies, done);
      call.on('metadata', (received: Metadata) => this.keep(received));
    });
  }

  private keep(received: Metadata): void {
    this.received = received;
    for (const line of received.get('set-cookie')) this.cookies.set('cookie', line.toString().split(';')[0] ?? '');
  }
}

/** Keeps one stream open, from its first note on. */
export class Talker extends NoteTaker {
  private readonly cookies: Metadata;
  private stream: ClientDuplexStream<string, Notes> | undefined;

  /** `cookies`: of a session that has begun. */
  constructor(client: Client, user: string, cookies = new Metadata()) {
    super(client, user);
    this.cookies = cookies;
  }

  async leave(): Promise<void> {
    if (this.stream === undefined) return;
    const status = once(this.stream, 'status');
    this.stream.end();
    const [{ code }] = (await status) as [StatusObject];
    expect(code).toBe(0);
  }

  protected async send(note: string): Promise<Notes> {
    this.stream ??= this.client.makeBidiStreamRequest('/notes.Notes/Talk', toBytes, fromBytes, this.cookies);
    const answer = once(this.stream, 'data');
    this.stream.write(note);
    const [notes] = (await answer) as [Notes];
    return notes;
  }
}
