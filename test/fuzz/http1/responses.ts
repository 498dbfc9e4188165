/** Responses of an app that sends anything: the client gets what llhttp reads of them, or an error. The next client on the connection gets its own. */
import type { Socket } from 'node:net';
import { createMarkerClient, markerPath } from '../marker-client.ts';
import type { Outcome, Surface } from '../surface.ts';
import { closeAll, startTarget } from '../target.ts';
import { becomes, connectTo, listen, writeApart } from '../wire.ts';
import { markerResponse } from './app.ts';
import { judgeResponse } from './judge-responses.ts';
import { LlhttpReader, type Message } from './llhttp.ts';
import { mutateBytes, splitWrites } from './mutations.ts';
import { formatResponse, parseResponse, type ResponseInput } from './notation.ts';

/** For a response that the proxy takes for incomplete, and llhttp does not. */
const patienceMs = 300;
const limitMs = 10_000;

const isFinal = ({ status }: Message): boolean => status >= 200;
/** llhttp reads content of an interim response that frames some, and nothing after one that closes the connection. */
const isInterimThatEndsReading = ({ status, keepsAlive, headers }: Message): boolean =>
  status < 200 && (!keepsAlive || headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name)));

/**
 * As llhttp reads them: `waits` if that does not depend on the end of the connection. `stopsEarly`: after an interim response it does not read the final
 * one; but no interim response has content (RFC 9112 §6.3), and the connection ends with the final one (RFC 9110 §15.2).
 */
function readDirectly({ writes, method }: ResponseInput): {
  message: Message | undefined;
  waits: boolean;
  stopsEarly: boolean;
} {
  const reader = new LlhttpReader('RESPONSE', () => method).read(Buffer.from(writes.join(''), 'latin1'));
  const waits = reader.messages.find(isFinal)?.isComplete === true;
  reader.finish();
  return { message: reader.messages.find(isFinal), waits, stopsEarly: reader.messages.some(isInterimThatEndsReading) };
}

export async function createResponsesSurface(): Promise<Surface<ResponseInput>> {
  let input: ResponseInput | undefined;
  let answered: Promise<void> | undefined;
  const appSockets = new Set<Socket>();

  async function answer(socket: Socket): Promise<void> {
    if (input === undefined) return;
    const { waits } = readDirectly(input);
    appSockets.add(socket);
    await writeApart(socket, input.writes);
    if (input.closes || !waits) socket.end();
  }

  const app = await listen((socket) => {
    const reader = new LlhttpReader('REQUEST');
    socket.on('data', (bytes: Buffer) => {
      reader.read(bytes);
      for (const request of reader.messages.splice(0)) {
        if (request.url.startsWith(markerPath)) socket.write(markerResponse(request, 'pod'));
        else answered = answer(socket);
      }
    });
    socket.on('end', () => socket.end());
  });
  const target = await startTarget({ pods: [{ pod: 'pod-0', port: app.port }] });
  const other = createMarkerClient(target.port);

  async function ask(method: string): Promise<LlhttpReader> {
    const reader = new LlhttpReader('RESPONSE', () => method);
    const socket = await connectTo(target.port);
    socket.on('data', (bytes: Buffer) => reader.read(bytes));
    socket.write(`${method} /fuzz HTTP/1.1\r\nHost: shop.test\r\n\r\n`);
    const isOver = () =>
      socket.readableEnded || socket.destroyed || reader.error !== undefined || reader.messages.some(isWhole);
    if (!(await becomes(isOver, patienceMs))) {
      // On a busy machine many pieces take longer.
      await answered;
      for (const open of appSockets) open.end();
      await becomes(isOver, limitMs);
    }
    if (socket.readableEnded || socket.destroyed) reader.finish();
    socket.destroy();
    appSockets.clear();
    await becomes(() => target.counters.requestsOpen === 0, limitMs);
    return reader;
  }

  async function run(next: ResponseInput): Promise<Outcome> {
    input = next;
    const before = { ...target.counters };
    const got = await ask(next.method);
    // What the app writes later than the next request on its connection is the response to that.
    await answered;
    const { message, stopsEarly } = readDirectly(next);
    const truncated = target.counters.responsesTruncated - before.responsesTruncated;
    const statuses = got.messages.map(({ status, isComplete }) => `${status}${isComplete ? '' : ' cut'}`);
    return {
      behaviour: [statuses, target.takeReasons(), truncated, message?.status, message?.isComplete, got.error].join(';'),
      problem: (stopsEarly ? undefined : judgeResponse(got, message)) ?? (await other.ask()),
    };
  }

  await other.ask();
  return {
    parse: parseResponse,
    format: formatResponse,
    mutate: (one, two, random) => ({
      writes: splitWrites(mutateBytes(one.writes.join(''), two.writes.join(''), random), random),
      method: random.oneIn(8) ? 'HEAD' : one.method,
      closes: random.oneIn(8) ? !one.closes : one.closes,
    }),
    run,
    check: () => Promise.resolve(target.problem()),
    close: () => closeAll(other, target, app),
  };
}

const isWhole = (message: Message): boolean => isFinal(message) && message.isComplete;
