/** Clients of a proxy that start many sessions. */
import { connect, type Socket } from 'node:net';

/** The length of the app's response bodies: finds the end of a response whatever headers the proxy added. */
export const bodyBytes = 64;
const endOfHead = Buffer.from('\r\n\r\n');
export const clientsAtATime = 64;

/** Sends one request, and resolves with the cookie that its complete response sets. */
type Ask = (cookie?: string) => Promise<string | undefined>;

type Client = { socket: Socket; ask: Ask };

export function openClient(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let answered: (cookie?: string) => void = () => {};
  let failed: (error: Error) => void = () => {};
  let response = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    response = response.length === 0 ? chunk : Buffer.concat([response, chunk]);
    const end = response.indexOf(endOfHead);
    if (end === -1 || response.length < end + endOfHead.length + bodyBytes) return;
    const text = response.toString('latin1');
    if (text.startsWith('HTTP/1.1 200')) answered(/^Set-Cookie: ([^;]+)/im.exec(text)?.[1]);
    else failed(new Error(`the proxy responded ${text}`));
    response = Buffer.alloc(0);
  });
  socket.on('close', () => failed(new Error('the proxy closed a connection')));
  const ask: Ask = (cookie) =>
    new Promise((resolve, reject) => {
      [answered, failed] = [resolve, reject];
      const header = cookie === undefined ? '' : `Cookie: ${cookie}\r\n`;
      socket.write(`GET / HTTP/1.1\r\nHost: shop.example.com\r\n${header}\r\n`);
    });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => resolve({ socket, ask }));
  });
}

/** A request without a cookie begins a session, and the second request confirms it. */
export async function beginSessions(port: number, count: number): Promise<void> {
  let left = count;
  const work = async () => {
    const { socket, ask } = await openClient(port);
    while (left > 0) {
      left -= 1;
      await ask(await ask());
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: clientsAtATime }, work));
}
