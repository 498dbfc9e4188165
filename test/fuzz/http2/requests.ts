/** Requests of HTTP/2: what the app reads are requests that nghttp2 reads in the same frames. */
import { preface } from '../../../src/dataplane/http/preface.ts';
import { startReadingApp, type Readings } from '../http1/app.ts';
import { tokenProblem } from '../http1/judge-requests.ts';
import { createMarkerClient } from '../marker-client.ts';
import type { Outcome, Surface } from '../surface.ts';
import { closeAll, startTarget } from '../target.ts';
import { becomes, connectTo, turns, writeApart } from '../wire.ts';
import { encodeFrames } from './encode.ts';
import { judgeForwarded, judgeStreams } from './judge-requests.ts';
import { mutateFrames } from './mutations.ts';
import { withoutHarmless } from './harmless.ts';
import { readByServer, type NgReading } from './nghttp2.ts';
import { formatFrames, parseFrames, type Frames } from './notation.ts';
import { ReceivedFrames, valueOf } from './received.ts';

/** A client that gives no window gets no response. */
const patienceMs = 300;
const limitMs = 10_000;

/** More content than announced is an error of one stream for the RFC (RFC 9113 §8.1.1), but nghttp2 reads no more of the connection. */
const mayHaveTooMuch = ({ messages, error }: NgReading): boolean =>
  error !== undefined &&
  messages.some(({ fields, isComplete }) => !isComplete && valueOf(fields, 'content-length') !== undefined);

export async function createHttp2RequestsSurface(): Promise<Surface<Frames>> {
  const readings: Readings = { requests: [], problem: undefined };
  const app = await startReadingApp('one', readings);
  const target = await startTarget({ pods: [{ pod: 'pod-0', port: app.port }] });
  const other = createMarkerClient(target.port);

  async function send(writes: readonly string[]): Promise<ReceivedFrames> {
    const received = new ReceivedFrames();
    const socket = await connectTo(target.port);
    socket.on('data', (bytes: Buffer) => received.read(bytes));
    await writeApart(socket, writes);
    await turns();
    socket.end();
    await becomes(() => socket.readableEnded || socket.destroyed, patienceMs);
    socket.destroy();
    if (!(await becomes(() => target.counters.requestsOpen === 0, limitMs))) {
      received.problem ??= 'requests are open after the end of their client';
    }
    return received;
  }

  async function run(frames: Frames): Promise<Outcome> {
    const encoded = encodeFrames(frames).map((bytes) => bytes.replaceAll('{token}', other.token));
    const writes = [preface.toString('latin1') + (encoded[0] ?? ''), ...encoded.slice(1)];
    Object.assign(readings, { requests: [], problem: undefined });
    target.takeRouted();
    const received = await send(writes);
    const direct = await readByServer(writes.join(''));
    const { requests, problem } = readings;
    const differs = (reading: NgReading): string | undefined =>
      mayHaveTooMuch(reading) ? undefined : judgeForwarded(requests, reading);
    const compare = async (): Promise<string | undefined> => {
      const difference = differs(direct);
      if (difference === undefined) return undefined;
      const lenient = withoutHarmless(writes.join(''));
      return lenient.reopens ? undefined : differs(await readByServer(lenient.bytes));
    };
    const streams = [...received.streams.values()];
    const statuses = streams.map(({ blocks, resetCode }) => `${valueOf(blocks.at(-1), ':status')} ${resetCode}`);
    const routed = target.takeRouted().length;
    return {
      behaviour: [statuses, received.goAwayCode, target.takeReasons(), routed, requests.length, direct.error].join(';'),
      problem:
        problem ??
        received.problem ??
        tokenProblem(requests, other.token) ??
        (await compare()) ??
        judgeStreams(streams, requests),
    };
  }

  await other.ask();
  return {
    parse: parseFrames,
    format: formatFrames,
    mutate: mutateFrames,
    run,
    async check() {
      return (await other.ask()) ?? target.problem();
    },
    close: () => closeAll(other, target, app),
  };
}
