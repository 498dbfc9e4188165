/**
 * `messages.ts OPTIONS`: messages over long connections, each with one in flight: WebSockets, or streams of gRPC. A message is sent when the
 * one before was answered. The bytes are rendered once, so that the client takes less CPU than the proxy.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clientFrame, serverFrame } from '../apps/websocket.ts';
import { openStreams, type Talk } from './grpc-streams.ts';
import { runAsClient } from './said.ts';
import { openWebSocket } from './web-socket.ts';

/** `streams`: of each connection, for gRPC. */
export type MessageOptions = {
  kind: 'websocket' | 'grpc';
  port: number;
  cookies: (string | null)[];
  connections: number;
  streams: number;
  seconds: number;
};

async function talkOnWebSocket(port: number, cookie: string | null): Promise<Talk> {
  const socket = await openWebSocket(port, cookie);
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

await runAsClient(async (options) => {
  const { kind, port, cookies, connections, streams, seconds }: MessageOptions = JSON.parse(options);
  const open = (cookie: string | null) =>
    kind === 'websocket' ? talkOnWebSocket(port, cookie) : openStreams(port, cookie, streams);
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
