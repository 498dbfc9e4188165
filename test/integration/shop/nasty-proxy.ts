/** A proxy that does one thing wrong, when it is switched on: the load client must detect it. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export type Fault =
  | 'None'
  /** New requests go to the other shop. */
  | 'Misroute'
  | 'Reset'
  | 'BadGateway'
  /** The answer never comes. */
  | 'Swallow'
  /** The connection is reset when the next bytes come from the shop: a stream of events asks for nothing. */
  | 'ResetDown'
  /** What the shop sends goes nowhere. */
  | 'SwallowDown'
  /** The name of the pod in the answer is another. */
  | 'OtherPod'
  /** The secret in the answer is another. */
  | 'OtherSecret'
  /** Each request reaches the shop twice. */
  | 'Repeat';

export type NastyProxy = {
  port: number;
  fault(next: Fault): void;
  /** Resets every connection, once. */ cutAll(): void;
  close(): Promise<void>;
};

/** It moves bytes and knows no HTTP: a fault hits the next bytes of the client, which are the next request. */
export async function startNastyProxy(shopPort: number, otherShopPort: number): Promise<NastyProxy> {
  let fault: Fault = 'None';
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    return socket;
  };

  const server = createServer((client) => {
    track(client);
    const upstream = track(connect(shopPort, '127.0.0.1'));
    client.on('data', (request) => {
      if (fault === 'Reset') client.resetAndDestroy();
      else if (fault === 'BadGateway') {
        client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops');
      } else if (fault === 'Misroute') {
        track(
          connect(otherShopPort, '127.0.0.1', function send(this: Socket) {
            this.write(request);
          }),
        ).pipe(client);
      } else if (fault !== 'Swallow') upstream.write(request);
      if (fault === 'Repeat') repeatElsewhere(request);
    });
    upstream.on('data', (answer) => {
      if (fault === 'ResetDown') client.resetAndDestroy();
      else if (fault !== 'SwallowDown') client.write(spoil(answer, fault));
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const repeatElsewhere = (request: Buffer): void => {
    track(
      connect(shopPort, '127.0.0.1', function send(this: Socket) {
        this.write(request);
      }),
    ).resume();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fault(next) {
      fault = next;
    },
    cutAll() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Same length, so that Content-Length and WebSocket frames stay right. */
function spoil(answer: Buffer, fault: Fault): Buffer {
  const text = answer.toString('latin1');
  if (fault === 'OtherPod') return Buffer.from(text.replace('"pod":"shop-1"', '"pod":"shop-9"'), 'latin1');
  if (fault === 'OtherSecret') {
    return Buffer.from(text.replace(/"secret":"[0-9a-f]{16}"/, `"secret":"${'0'.repeat(16)}"`), 'latin1');
  }
  return answer;
}
