/**
 * `messages.ts OPTIONS`: messages over long connections, each with one in flight: WebSockets, or streams of gRPC. A message is sent when the
 * one before was answered. The bytes are rendered once, so that the client takes less CPU than the proxy.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientFrame, serverFrame } from '../apps/websocket.ts';
import { host } from '../host.ts';
import { connected } from './connected.ts';
import { openStreams, type Talk } from './grpc-streams.ts';
import { runAsClient } from './said.ts';

/** `streams`: of each connection, for gRPC. */
export type MessageOptions = {
  kind: 'websocket' | 'grpc';
  port: number;
  cookies: (string | null)[];
  connections: number;
  streams: number;
  seconds: number;
};

const endOfHead = Buffer.from('\r\n\r\n');

async function openWebSocket(port: number, cookie: string | null): Promise<Talk> {
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
  return (onAnswer) => {
    let received = 0;
    socket.on('data', (chunk) => {
      for (received += chunk.length; received >= serverFrame.length; received -= serverFrame.length) {
        onAnswer(1);
        socket.write(clientFrame);
      }
    });
    socket.write(clientFrame);
  };
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

await runAsClient(async (options) => {
  const { kind, port, cookies, connections, streams, seconds }: MessageOptions = JSON.parse(options);
  const open = (cookie: string | null) =>
    kind === 'websocket' ? openWebSocket(port, cookie) : openStreams(port, cookie, streams);
  const talks = await Promise.all(
    Array.from({ length: connections }, (_, number) => open(cookies[number % cookies.length] ?? null)),
  );
  return async () => {
    let count = 0;
    const beganMs = performance.now();
    for (const talk of talks) talk((answers) => (count += answers));
    await sleep(seconds * 1000);
    return { count, seconds: (performance.now() - beganMs) / 1000 };
  };
});
