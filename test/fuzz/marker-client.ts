/** Another client of the proxy, with a session: whatever the fuzzed peer does, each of its requests gets its own response, of its own pod. */
import type { Socket } from 'node:net';
import { LlhttpReader, type Message } from './http1/llhttp.ts';
import { becomes, connectTo } from './wire.ts';

export const markerPath = '/marker/';

export type MarkerClient = {
  /** Returns what is wrong. */
  ask(): Promise<string | undefined>;
  /** The session token of this client, once it has one: no app may ever see it. */
  readonly token: string;
  close(): void;
};

const limitMs = 10_000;

/** An app answers its path with the path and the name of the pod. */
export function createMarkerClient(port: number): MarkerClient {
  let socket: Socket | undefined;
  let reader = new LlhttpReader('RESPONSE');
  let cookie = '';
  let pod = '';
  let asked = 0;

  async function connect(): Promise<Socket> {
    if (socket !== undefined && !socket.destroyed && socket.writable && !socket.readableEnded) return socket;
    const fresh = await connectTo(port);
    reader = new LlhttpReader('RESPONSE');
    const own = reader;
    fresh.on('data', (bytes: Buffer) => own.read(bytes));
    fresh.on('end', () => fresh.destroy());
    socket = fresh;
    return fresh;
  }

  function judge(path: string): string | undefined {
    const [message, ...more] = reader.messages.splice(0);
    if (reader.error !== undefined) return `another client's response is not valid HTTP: ${reader.error}`;
    if (message === undefined || !message.isComplete) return 'another client got no complete response';
    return more.length > 0 ? 'another client got more than one response' : judgeContent(message, path);
  }

  function judgeContent({ status, headers, body }: Message, path: string): string | undefined {
    const [answered, of = ''] = body.split(' ');
    if (status !== 200 || answered !== path) {
      return `another client asked for ${path} and got ${status} ${JSON.stringify(body)}`;
    }
    if (pod !== '' && of !== pod) return `the session of another client moved from ${pod} to ${of}`;
    pod = of;
    const given = headers.find(([name]) => name.toLowerCase() === 'set-cookie')?.[1];
    if (given !== undefined) cookie = given.slice(0, given.indexOf(';'));
    return undefined;
  }

  return {
    get token() {
      return cookie.slice(cookie.indexOf('=') + 1);
    },
    async ask() {
      asked += 1;
      const path = `${markerPath}${asked}`;
      const to = await connect();
      const own = reader;
      to.write(`GET ${path} HTTP/1.1\r\nHost: shop.test\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`);
      await becomes(() => own.messages.at(-1)?.isComplete === true || own.error !== undefined || to.destroyed, limitMs);
      return judge(path);
    },
    close: () => socket?.destroy(),
  };
}
