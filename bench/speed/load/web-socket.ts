/** Opens a WebSocket; what follows on its socket are frames. */
import type { Socket } from 'node:net';
import { host } from '../host.ts';
import { connected } from './connected.ts';

const endOfHead = Buffer.from('\r\n\r\n');

export async function openWebSocket(port: number, cookie: string | null): Promise<Socket> {
  const socket = await connected(port);
  const lines = [
    'GET / HTTP/1.1',
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(cookie === null ? [] : [`Cookie: ${cookie}`]),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await untilUpgraded(socket);
  return socket;
}

const untilUpgraded = (socket: Socket): Promise<void> =>
  new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      if (!head.includes(endOfHead)) return;
      socket.off('data', read);
      if (head.toString('latin1').startsWith('HTTP/1.1 101')) resolve();
      else reject(new Error(`no WebSocket: ${head.toString('latin1', 0, 60)}`));
    };
    socket.on('data', read);
  });
