/** Clients of a proxy: many that send one request and stay connected, and a few that send many requests without a cookie. */
import { connect, type Socket } from 'node:net';

/** The length of the app's response bodies: finds the end of a response whatever headers the proxy added. */
export const bodyBytes = 64;
const request = 'GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n';
const endOfHead = Buffer.from('\r\n\r\n');
const clientsAtATime = 64;

/** Sends one request, and resolves when its response is complete. */
type Ask = () => Promise<void>;

type Client = { socket: Socket; ask: Ask };

function openClient(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let answered = () => {};
  let failed: (error: Error) => void = () => {};
  let response = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    response = response.length === 0 ? chunk : Buffer.concat([response, chunk]);
    const end = response.indexOf(endOfHead);
    if (end === -1 || response.length < end + endOfHead.length + bodyBytes) return;
    if (response.subarray(0, 12).toString('latin1') === 'HTTP/1.1 200') answered();
    else failed(new Error(`the proxy responded ${response.toString('latin1')}`));
    response = Buffer.alloc(0);
  });
  socket.on('close', () => failed(new Error('the proxy closed a connection')));
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      [answered, failed] = [resolve, reject];
      socket.write(request);
    });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => resolve({ socket, ask }));
  });
}

/** Each request without a cookie begins a session. */
export async function beginSessions(port: number, count: number): Promise<void> {
  let left = count;
  const work = async () => {
    const { socket, ask } = await openClient(port);
    while (left > 0) {
      left -= 1;
      await ask();
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: clientsAtATime }, work));
}

/** Opens connections that stay open after one request each. */
export async function openIdle(port: number, count: number): Promise<{ close: () => void }> {
  const sockets: Socket[] = [];
  const work = async () => {
    while (sockets.length < count) {
      const { socket, ask } = await openClient(port);
      sockets.push(socket);
      await ask();
    }
  };
  await Promise.all(Array.from({ length: clientsAtATime }, work));
  return {
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
