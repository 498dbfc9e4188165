/** Responses of an app that sends any frames: two clients get what nghttp2 reads of them, or an error; the next one gets its own response. */
import type { Socket } from 'node:net';
import { frameHeaderBytes } from '../../../src/dataplane/h2/frames.ts';
import { preface } from '../../../src/dataplane/http/preface.ts';
import { cutByProxy, judgeResponse } from '../http1/judge-responses.ts';
import { LlhttpReader, type Message } from '../http1/llhttp.ts';
import { createMarkerClient, markerPath } from '../marker-client.ts';
import type { Outcome, Surface } from '../surface.ts';
import { closeAll, startTarget } from '../target.ts';
import { becomes, connectTo, listen, writeApart } from '../wire.ts';
import { encodeFrames } from './encode.ts';
import { mutateFrames } from './mutations.ts';
import { readByClient, type NgMessage } from './nghttp2.ts';
import { formatFrames, parseFrames, type Frames } from './notation.ts';
import { ReceivedFrames, valueOf, type ReceivedStream } from './received.ts';

/** For what the app does not send. */
const patienceMs = 50;
const limitMs = 10_000;
/** In the order of their streams: 1 and 3. */
const methods = ['GET', 'HEAD'] as const;

const markerFrames = (id: number, content: string): Frames => [
  { kind: 'frame', type: 1, stream: id, flags: 4, payload: [{ kind: 'indexed', index: 8 }] },
  { kind: 'frame', type: 0, stream: id, flags: 1, payload: [{ kind: 'bytes', bytes: content }] },
];

export async function createHttp2ResponsesSurface(): Promise<Surface<Frames>> {
  let writes: readonly string[] = [];
  let written: Promise<void> | undefined;
  let fuzzed: Socket | undefined;

  const app = await listen((socket) => {
    const received = new ReceivedFrames();
    let skipped = 0;
    const answered = new Set<number>();
    socket.on('data', (bytes: Buffer) => {
      const from = Math.min(bytes.length, preface.length - skipped);
      skipped += from;
      received.read(bytes.subarray(from));
      const fresh = [...received.streams.values()].filter(({ id, isEnded }) => isEnded && !answered.has(id));
      for (const stream of fresh) {
        answered.add(stream.id);
        answer(socket, stream);
      }
    });
    socket.on('end', () => socket.end());
  });

  /** The frames are for two requests, and begin when both have arrived. */
  let waiting = 0;
  function answer(socket: Socket, { id, blocks }: ReceivedStream): void {
    const path = valueOf(blocks[0], ':path') ?? '';
    if (path.startsWith(markerPath)) {
      const settings = id === 1 ? encodeFrames(parseFrames('SETTINGS 0')).join('') : '';
      socket.write(settings + encodeFrames(markerFrames(id, `${path} pod`)).join(''), 'latin1');
      return;
    }
    waiting += 1;
    if (waiting < methods.length) return;
    // Those after it are attempts to send one of them again.
    if (waiting > methods.length) socket.destroy();
    else written = writeApart(socket, writes);
    fuzzed ??= socket;
  }

  const target = await startTarget({ pods: [{ pod: 'pod-0', port: app.port }], protocol: 'HTTP2' });
  const other = createMarkerClient(target.port);

  async function ask(method: string): Promise<{ reader: LlhttpReader; socket: Socket }> {
    const reader = new LlhttpReader('RESPONSE', () => method);
    const socket = await connectTo(target.port);
    socket.on('data', (bytes: Buffer) => reader.read(bytes));
    socket.on('end', () => reader.finish());
    socket.write(`${method} /fuzz HTTP/1.1\r\nHost: shop.test\r\n\r\n`);
    return { reader, socket };
  }

  /** On a connection to the app that no other request has used: so the streams have the numbers of the notation. */
  async function askBoth(): Promise<LlhttpReader[]> {
    const asked: Awaited<ReturnType<typeof ask>>[] = [];
    for (const method of methods) {
      asked.push(await ask(method));
      await becomes(() => waiting === asked.length, limitMs);
    }
    const isOver = () =>
      asked.every(({ reader, socket }) => socket.readableEnded || socket.destroyed || reader.messages.some(isWhole));
    if (!(await becomes(isOver, patienceMs))) {
      // On a busy machine many pieces take longer.
      await written;
      fuzzed?.end();
      await becomes(isOver, limitMs);
    }
    for (const { socket } of asked) socket.destroy();
    await becomes(() => target.counters.requestsOpen === 0, limitMs);
    return asked.map(({ reader }) => reader);
  }

  async function run(frames: Frames): Promise<Outcome> {
    writes = encodeFrames(frames);
    waiting = 0;
    const got = await askBoth();
    await written;
    // The rest of a frame would be what the app sends next on this connection, and its own fault.
    if (!endsWithFrame(writes.join(''))) app.cut();
    const problem = await other.ask();
    app.cut();
    fuzzed = undefined;
    await becomes(() => target.upstreamsOpen() === 0, limitMs);
    const requests = methods.map((method) => ({ ':method': method, ':path': '/fuzz' }));
    const direct = await readByClient(writes.join(''), requests);
    const wrong = got.map((reader, index) =>
      judge(reader, { message: direct.messages[index], error: direct.error, method: methods[index] }),
    );
    const statuses = got.map(({ messages }) => messages.map(({ status, isComplete }) => `${status}${isComplete}`));
    return {
      behaviour: [
        statuses,
        target.takeReasons(),
        direct.error,
        direct.messages.map(({ isComplete }) => isComplete),
      ].join(';'),
      problem: wrong.find((one) => one !== undefined) ?? problem,
    };
  }

  return {
    parse: parseFrames,
    format: formatFrames,
    mutate: mutateFrames,
    run,
    check: () => Promise.resolve(target.problem()),
    close: () => closeAll(other, target, app),
  };
}

const isWhole = (message: Message): boolean => isFinal(message) && message.isComplete;

type Direct = { message: NgMessage | undefined; error: number | undefined; method: string | undefined };

/**
 * nghttp2 ends the connection for errors that are of one stream for the RFC (content before a head, or where none may be): then it has read no more, and
 * only what it has read can be compared.
 */
function judge(reader: LlhttpReader, { message, error, method }: Direct): string | undefined {
  const direct = message === undefined || message.fields.length === 0 ? undefined : asMessage(message, method);
  const isBroken = reader.error !== undefined && reader.error !== cutByProxy;
  if (error === undefined || isBroken) return judgeResponse(reader, direct);
  const got = reader.messages.find(isFinal);
  if (direct === undefined || got === undefined || got.status === 502) return undefined;
  return got.status === direct.status ? undefined : `the client got ${got.status}, nghttp2 reads ${direct.status}`;
}

function endsWithFrame(text: string): boolean {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  while (at + frameHeaderBytes <= bytes.length) at += frameHeaderBytes + bytes.readUIntBE(at, 3);
  return at === bytes.length;
}

const isFinal = ({ status }: Message): boolean => status >= 200;

/**
 * For nghttp2 a response is over with its stream. For the proxy one that has no content is over with its head, and for a client of HTTP/1.1 any is
 * with the last byte of its length.
 */
function asMessage({ fields, body, isComplete }: NgMessage, method: string | undefined): DirectMessage {
  const headers = fields.map(([name, value]): [string, string] => [name, value]);
  const status = Number(valueOf(fields, ':status'));
  const isEmpty = method === 'HEAD' || status === 204 || status === 304;
  const hasItsLength = valueOf(fields, 'content-length') === String(body.length);
  return { status, headers, body, isComplete: isComplete || isEmpty || hasItsLength };
}

type DirectMessage = NonNullable<Parameters<typeof judgeResponse>[1]>;
