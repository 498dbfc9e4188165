/** Connections that stay open without traffic: of HTTP/1.1 and HTTP/2 after one request each, and WebSockets. */
import type { Socket } from 'node:net';
import { preface } from '../../src/dataplane/http/preface.ts';
import {
  flag,
  frameType,
  readFrames,
  renderFields,
  renderFrame,
  renderOpening,
  settingsAck,
} from '../speed/apps/h2-frames.ts';
import { host } from '../speed/host.ts';
import { connected } from '../speed/load/connected.ts';
import { openWebSocket } from '../speed/load/web-socket.ts';
import { clientsAtATime, openClient } from './clients.ts';

/** Opens one that has had its request, or was upgraded. */
type Open = (port: number) => Promise<Socket>;

async function openHttp1(port: number): Promise<Socket> {
  const { socket, ask } = await openClient(port);
  await ask();
  return socket;
}

const request = renderFrame({
  type: frameType.headers,
  flags: flag.endHeaders | flag.endStream,
  stream: 1,
  payload: renderFields([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', host],
    [':path', '/64'],
  ]),
});

async function openHttp2(port: number): Promise<Socket> {
  const socket = await connected(port);
  const answered = new Promise<void>((resolve) => {
    const read = readFrames(({ type, flags, stream }) => {
      if (type === frameType.settings && (flags & flag.ack) === 0) socket.write(settingsAck);
      if (stream === 1 && type === frameType.data && (flags & flag.endStream) !== 0) resolve();
    });
    socket.on('data', read);
  });
  socket.write(Buffer.concat([preface, renderOpening(), request]));
  await answered;
  return socket;
}

/** `metric`: of the proxy, counts those that are open. */
export type IdleKind = { name: string; metric: string; open: Open };

export const idleKinds: readonly IdleKind[] = [
  { name: 'HTTP/1.1, kept alive after a request', metric: 'holdfast_http_connections_open', open: openHttp1 },
  { name: 'HTTP/2, after a request', metric: 'holdfast_http_connections_open', open: openHttp2 },
  {
    name: 'WebSockets, with their connections to pods',
    metric: 'holdfast_http_upgrades_open',
    open: (port) => openWebSocket(port, null),
  },
];

export async function openIdle(open: Open, port: number, count: number): Promise<{ close: () => void }> {
  const sockets: Socket[] = [];
  let begun = 0;
  const work = async () => {
    while (begun < count) {
      begun += 1;
      sockets.push(await open(port));
    }
  };
  await Promise.all(Array.from({ length: clientsAtATime }, work));
  return {
    close: () => {
      for (const socket of sockets) socket.removeAllListeners('close').destroy();
    },
  };
}
