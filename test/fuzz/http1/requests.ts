/** Requests of HTTP/1.1 to an app: what the app reads, what llhttp reads without the proxy, and what the client gets must be the same requests. */
import { preface } from '../../../src/dataplane/http/preface.ts';
import type { Outcome, Surface } from '../surface.ts';
import { createMarkerClient } from '../marker-client.ts';
import { closeAll, startTarget, type Routed } from '../target.ts';
import { becomes, connectTo, writeApart } from '../wire.ts';
import { startReadingApp, type Readings } from './app.ts';
import { judgeForwarded, judgeResponses, tokenProblem } from './judge-requests.ts';
import { LlhttpReader, readRequests } from './llhttp.ts';
import { mutateBytes, splitWrites } from './mutations.ts';
import { formatWrites, parseWrites, type Writes } from './notation.ts';

const limitMs = 10_000;

export async function createRequestsSurface(): Promise<Surface<Writes>> {
  const readings: Readings = { requests: [], problem: undefined };
  const apps = await Promise.all(['one', 'two'].map((pod) => startReadingApp(pod, readings)));
  const target = await startTarget({ pods: apps.map(({ port }, at) => ({ pod: `pod-${at}`, port })) });
  const other = createMarkerClient(target.port);

  async function send(writes: Writes): Promise<{ reader: LlhttpReader; methods: string[]; isClosed: boolean }> {
    const methods: string[] = [];
    const reader = new LlhttpReader('RESPONSE', (index) => methods[index] ?? 'GET');
    const socket = await connectTo(target.port);
    socket.on('data', (bytes: Buffer) => {
      methods.push(...target.takeRouted().map(remember));
      reader.read(bytes);
    });
    await writeApart(socket, writes);
    socket.end();
    const isClosed = await becomes(() => socket.readableEnded || socket.destroyed, limitMs);
    socket.destroy();
    await becomes(() => target.counters.requestsOpen === 0, limitMs);
    return { reader, methods, isClosed };
  }

  let routed: Routed[] = [];
  const remember = (request: Routed): string => {
    routed.push(request);
    return request.method;
  };

  async function run(input: Writes): Promise<Outcome> {
    const writes = input.map((piece) => piece.replaceAll('{token}', other.token));
    routed = [];
    Object.assign(readings, { requests: [], problem: undefined });
    target.takeRouted();
    const { reader, isClosed } = await send(writes);
    target.takeRouted().forEach(remember);
    const { requests, problem } = readings;
    const direct = readRequests(writes.join(''));
    const reasons = target.takeReasons();
    const statuses = reader.messages.map(({ status }) => status);
    return {
      behaviour: [statuses, reasons, routed.map(({ method }) => method), requests.length, direct.error].join(';'),
      problem:
        (isClosed ? undefined : 'the connection was not closed after the end of the client') ??
        problem ??
        tokenProblem(requests, other.token) ??
        judgeForwarded({ routed, requests, direct: direct.messages }) ??
        (writes.join('').startsWith(preface.toString('latin1')) ? undefined : judgeResponses(reader, requests)),
    };
  }

  await other.ask();
  return {
    parse: parseWrites,
    format: formatWrites,
    mutate: (input, second, random) => splitWrites(mutateBytes(input.join(''), second.join(''), random), random),
    run,
    async check() {
      return (await other.ask()) ?? target.problem();
    },
    close: () => closeAll(other, target, ...apps),
  };
}
