/** A client that sends exactly the given bytes, and returns exactly the received ones. */
import { once } from 'node:events';
import net from 'node:net';
import type { Socket } from 'node:net';

export type RawResponse = { status: number; head: string; body: string };

export interface RawClient {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** Resolves with the received bytes up to and including `text`, and removes them from the buffer. */
  until(text: string): Promise<string>;
  /** Resolves with the next response, framed by Content-Length or chunks (returned as received); `HEAD`: without a body. */
  response(method?: 'GET' | 'HEAD'): Promise<RawResponse>;
  /** Resolves with the rest of the received bytes when the server has closed the connection: with FIN or by a reset. */
  rest(): Promise<{ text: string; how: 'end' | 'reset' }>;
}

export async function connectRaw(port: number): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let received = '';
  let how: 'end' | 'reset' | undefined;
  const changed = new EventTarget();
  const change = () => changed.dispatchEvent(new Event('change'));
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    change();
  });
  socket.on('end', () => {
    how ??= 'end';
    change();
  });
  socket.on('error', () => {
    how ??= 'reset';
    change();
  });
  const ended = new Promise<'end' | 'reset'>((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', () => resolve('reset'));
  });
  await once(socket, 'connect');

  async function take(measure: (text: string) => number | undefined): Promise<string> {
    for (;;) {
      const length = measure(received);
      if (length !== undefined) {
        const taken = received.slice(0, length);
        received = received.slice(length);
        return taken;
      }
      if (how !== undefined) throw new Error(`The server ended (${how}) after ${JSON.stringify(received)}`);
      await once(changed, 'change');
    }
  }

  const until = (text: string) =>
    take((all) => {
      const at = all.indexOf(text);
      return at < 0 ? undefined : at + text.length;
    });

  return {
    socket,
    send(bytes) {
      socket.write(bytes, 'latin1');
    },
    until,
    async response(method = 'GET') {
      const head = await until('\r\n\r\n');
      const status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
      const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
      if (bodiless) return { status, head, body: '' };
      if (/^transfer-encoding: chunked/im.test(head)) return { status, head, body: await take(chunkedLength) };
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      return { status, head, body: await take((all) => (all.length >= length ? length : undefined)) };
    },
    async rest() {
      const over = await ended;
      const text = received;
      received = '';
      return { text, how: over };
    },
  };
}

/** The length of a chunked body without extensions, including trailers. */
function chunkedLength(text: string): number | undefined {
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) {
      const end = text.startsWith('\r\n', lineEnd + 2) ? lineEnd + 2 : text.indexOf('\r\n\r\n', lineEnd) + 2;
      return end < lineEnd + 2 || text.length < end + 2 ? undefined : end + 2;
    }
    at = lineEnd + 2 + size + 2;
  }
}
