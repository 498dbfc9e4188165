/** An app that reads with llhttp, and says in each response which request it has read. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { markerPath } from '../marker-client.ts';
import { escapeBytes } from '../escapes.ts';
import { listen, type Listening } from '../wire.ts';
import { knownMethods, LlhttpReader, type Message } from './llhttp.ts';

/** What the apps of a proxy have read, in the order in which they have, without the requests of other clients. */
export type Readings = { requests: Message[]; problem: string | undefined };

export const fingerprint = ({ method, url, body }: Message): string =>
  `${method} ${url} ${createHash('sha1').update(body, 'latin1').digest('hex')} ${body.length}`;

const response = ({ method }: Message, content: string): string =>
  `HTTP/1.1 200 OK\r\nX-App: 1\r\nContent-Length: ${content.length}\r\n\r\n${method === 'HEAD' ? '' : content}`;

export const markerResponse = (request: Message, pod: string): string => response(request, `${request.url} ${pod}`);

export function startReadingApp(pod: string, readings: Readings): Promise<Listening> {
  function serve(socket: Socket): void {
    const reader = new LlhttpReader('REQUEST');
    let answered = 0;
    socket.on('data', (bytes: Buffer) => {
      reader.read(bytes);
      const complete = reader.messages.filter(({ isComplete }) => isComplete);
      if (reader.messages.length > answered + 1) readings.problem ??= overtaken;
      for (const request of complete.slice(answered)) {
        socket.write(answer(request), 'latin1');
        answered += 1;
      }
      if (reader.error !== undefined) refused(reader.error, bytes);
    });
    socket.on('end', () => socket.end());

    /** The proxy forwards any method. */
    function refused(error: string, bytes: Buffer): void {
      socket.destroy();
      const isUnknown =
        error === 'HPE_INVALID_METHOD' && !knownMethods.has(bytes.toString('latin1').split(' ')[0] ?? '');
      if (isUnknown) return;
      readings.problem ??= `llhttp refuses what the app got: ${error}: ${escapeBytes(bytes.toString('latin1'))}`;
    }
  }

  function answer(request: Message): string {
    if (request.url.startsWith(markerPath)) return markerResponse(request, pod);
    readings.requests.push(request);
    return response(request, fingerprint(request));
  }

  return listen(serve);
}

const overtaken = 'the app got a request before it had answered another';
